// Stochastic gradient descent, with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013).
// x are the values, g their gradients, m the momentum.
#pragma once

#include "numerics/eigen.hpp"
#include "training/optimizers/rates.hpp"

namespace echocell {

/// x -= rate g
template <class Scalar>
void sgd(const Rates<Scalar>& rates, const ConstArrayView<Scalar>& g, ArrayView<Scalar> x) {
  x = x - x * rates.shrink - g * rates.rate;
}

/// m = momentum m - rate g;  x += m, or with Nesterov's look ahead x += momentum m - rate g
template <class Scalar>
void sgd_with_momentum(const Rates<Scalar>& rates, Scalar momentum, bool nesterov,
                       const ConstArrayView<Scalar>& g, ArrayView<Scalar> x, ArrayView<Scalar> m) {
  m = m * momentum - g * rates.rate;
  if (nesterov) {
    x = x - x * rates.shrink + (m * momentum - g * rates.rate);
  } else {
    x = x - x * rates.shrink + m;
  }
}

}  // namespace echocell
