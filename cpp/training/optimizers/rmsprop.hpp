// RMSprop (Tieleman & Hinton 2012), plain or centered (Graves 2013), with or without momentum.
#pragma once

#include "numerics/packet_loops.hpp"
#include "training/optimizers/rates.hpp"

namespace echocell {

template <class Scalar>
struct RMSpropOptions {
  Scalar rho, one_minus_rho;
  Scalar momentum, epsilon;
};

/// v = rho v + (1 - rho) g^2;  a = rho a + (1 - rho) g where centered
/// step = rate g / sqrt(v - a^2 + epsilon);  m = momentum m + step;  x -= m
///
/// x values, g gradients, v, m, a slots: whole packets of numbers. m and a are empty where there is
/// no momentum, or nothing is centered. One loop, because v and a are read again at once.
template <bool kMomentum, bool kCentered, class Scalar>
void rmsprop(const Rates<Scalar>& rates, const RMSpropOptions<Scalar>& options,
             const ConstArrayView<Scalar>& g, ArrayView<Scalar> x, ArrayView<Scalar> v,
             ArrayView<Scalar> m, ArrayView<Scalar> a) {
  using V = Packet<Scalar>;
  for (Index k = 0; k < x.size(); k += kLanes<Scalar>) {
    const V gradient = packet(g, k), value = packet(x, k);
    V variance = options.rho * packet(v, k) + options.one_minus_rho * gradient.square();
    packet(v, k) = variance;
    if constexpr (kCentered) {
      const V mean = options.rho * packet(a, k) + options.one_minus_rho * gradient;
      packet(a, k) = mean;
      // Rounding takes the difference below 0 where the gradient is large and steady.
      variance = (variance - mean.square()).max(Scalar(0));
    }
    V step = rates.rate * gradient / root<Scalar>(variance + options.epsilon);
    if constexpr (kMomentum) {
      step += options.momentum * packet(m, k);
      packet(m, k) = step;
    }
    packet(x, k) = value - value * rates.shrink - step;
  }
}

}  // namespace echocell
