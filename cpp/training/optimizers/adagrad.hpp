// Adagrad (Duchi, Hazan & Singer 2011).
#pragma once

#include "numerics/packet.hpp"
#include "training/optimizers/rates.hpp"

namespace echocell {

/// s += g^2;  x -= rate g / sqrt(s + epsilon)
///
/// x values, g gradients, s the slot; n whole packets of numbers.
template <class Scalar>
void adagrad(const Rates<Scalar>& rates, Scalar epsilon, Index n, const Scalar* g, Scalar* x,
             Scalar* s) {
  using V = Packet<Scalar>;
  for (Index k = 0; k < n; k += kLanes<Scalar>) {
    const V gradient = V::Map(g + k), value = V::Map(x + k);
    const V sum = V::Map(s + k) + gradient.square();
    V::Map(s + k) = sum;
    V::Map(x + k) =
        value - value * rates.shrink - rates.rate * gradient / root<Scalar>(sum + epsilon);
  }
}

}  // namespace echocell
