// Regularizers: what large weights add to the loss.
#pragma once

#include "training/network.hpp"

namespace echocell {

/// The sum over all parameters of l1 |w| + l2 w^2.
template <class S>
double penalty(const Network<S>& network);

/// Adds its gradient; gradients is as long as the arena.
template <class S>
void add_penalty_gradient(const Network<S>& network, S* gradients);

}  // namespace echocell
