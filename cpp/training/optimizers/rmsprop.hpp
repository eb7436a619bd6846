// RMSprop (Tieleman & Hinton 2012), plain or centered (Graves 2013), with or without momentum.
#pragma once

#include "numerics/packet.hpp"
#include "training/optimizers/rates.hpp"

namespace echocell {

template <class Scalar>
struct RMSpropOptions {
  Scalar rho, rest;  // rest is 1 - rho
  Scalar momentum, epsilon;
};

/// v = rho v + (1 - rho) g^2;  a = rho a + (1 - rho) g where centered
/// step = rate g / sqrt(v - a^2 + epsilon);  m = momentum m + step;  x -= m
///
/// x values, g gradients, v, m, a slots; n whole packets of numbers. m and a are null where there
/// is no momentum, or nothing is centered. One loop, because v and a are read again at once.
template <bool kMomentum, bool kCentered, class Scalar>
void rmsprop(const Rates<Scalar>& rates, const RMSpropOptions<Scalar>& options, Index n,
             const Scalar* g, Scalar* x, Scalar* v, Scalar* m, Scalar* a) {
  using V = Packet<Scalar>;
  for (Index k = 0; k < n; k += kLanes<Scalar>) {
    const V gradient = V::Map(g + k), value = V::Map(x + k);
    V variance = options.rho * V::Map(v + k) + options.rest * gradient.square();
    V::Map(v + k) = variance;
    if constexpr (kCentered) {
      const V mean = options.rho * V::Map(a + k) + options.rest * gradient;
      V::Map(a + k) = mean;
      // Rounding takes the difference below 0 where the gradient is large and steady.
      variance = (variance - mean.square()).max(Scalar(0));
    }
    V step = rates.rate * gradient / root<Scalar>(variance + options.epsilon);
    if constexpr (kMomentum) {
      step += options.momentum * V::Map(m + k);
      V::Map(m + k) = step;
    }
    V::Map(x + k) = value - value * rates.shrink - step;
  }
}

}  // namespace echocell
