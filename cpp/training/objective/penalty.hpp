// Regularizers: what large weights add to the loss.
#pragma once

#include <algorithm>

#include "training/network/network.hpp"

namespace echocell {

inline bool penalized(const ParameterBlock& block) { return block.l1 != 0 || block.l2 != 0; }

template <class Scalar>
bool has_penalty(const Network<Scalar>& network) {
  return std::any_of(network.blocks().begin(), network.blocks().end(), penalized);
}

/// The sum over all parameters of l1 |w| + l2 w^2.
template <class Scalar>
double penalty(const Network<Scalar>& network);

/// Adds its gradient; gradients is as long as the arena.
template <class Scalar>
void add_penalty_gradient(const Network<Scalar>& network, ArrayView<Scalar> gradients);

}  // namespace echocell
