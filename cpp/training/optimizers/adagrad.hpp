// Adagrad (Duchi, Hazan & Singer 2011).
#pragma once

#include "numerics/packet_loops.hpp"
#include "training/optimizers/rates.hpp"

namespace echocell {

/// s += g^2;  x -= rate g / sqrt(s + epsilon)
///
/// x values, g gradients, s the slot: whole packets of numbers.
template <class Scalar>
void adagrad(const Rates<Scalar>& rates, Scalar epsilon, const ConstArrayView<Scalar>& g,
             ArrayView<Scalar> x, ArrayView<Scalar> s) {
  using V = Packet<Scalar>;
  for (Index k = 0; k < x.size(); k += kLanes<Scalar>) {
    const V gradient = packet(g, k), value = packet(x, k);
    const V sum = packet(s, k) + gradient.square();
    packet(s, k) = sum;
    packet(x, k) =
        value - value * rates.shrink - rates.rate * gradient / root<Scalar>(sum + epsilon);
  }
}

}  // namespace echocell
