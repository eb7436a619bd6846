// Regularizers: what large weights add to the loss.
#pragma once

#include <algorithm>

#include "training/network.hpp"

namespace echocell {

template <class S>
bool has_penalty(const Network<S>& network) {
  const auto of = [](const ParameterBlock& block) { return block.l1 != 0 || block.l2 != 0; };
  return std::any_of(network.blocks().begin(), network.blocks().end(), of);
}

/// The sum over all parameters of l1 |w| + l2 w^2.
template <class S>
double penalty(const Network<S>& network);

/// Adds its gradient; gradients is as long as the arena.
template <class S>
void add_penalty_gradient(const Network<S>& network, S* gradients);

}  // namespace echocell
