// Adam (Kingma & Ba 2015), AMSGrad (Reddi et al. 2018) and, with weight decay, AdamW (Loshchilov &
// Hutter 2019).
#pragma once

#include "numerics/packet_math.hpp"
#include "training/optimizers/rates.hpp"

namespace echocell {

template <class Scalar>
struct AdamOptions {
  Scalar rest_1, rest_2;  // 1 - beta_1, 1 - beta_2
  Scalar epsilon;
};

/// m += (1 - beta_1) (g - m);  v += (1 - beta_2) (g^2 - v);  w = max(w, v) where amsgrad
/// x -= alpha m / (sqrt(v) + epsilon)
///
/// x values, g gradients, m, v, w slots; n whole packets of numbers. w is null without amsgrad. One
/// loop, because m and v are read again at once.
template <bool kAmsgrad, bool kDecays, class Scalar>
void adam(const Rates<Scalar>& rates, const AdamOptions<Scalar>& options, Index n, const Scalar* g,
          Scalar* x, Scalar* m, Scalar* v, Scalar* w) {
  using V = Packet<Scalar>;
  for (Index k = 0; k < n; k += kLanes<Scalar>) {
    const V gradient = V::Map(g + k);
    V mean = V::Map(m + k), variance = V::Map(v + k), value = V::Map(x + k);
    mean += (gradient - mean) * options.rest_1;
    variance += (gradient.square() - variance) * options.rest_2;
    V::Map(m + k) = mean;
    V::Map(v + k) = variance;
    if constexpr (kAmsgrad) {
      variance = variance.max(V::Map(w + k));
      V::Map(w + k) = variance;
    }
    if constexpr (kDecays) value -= value * rates.shrink;
    V::Map(x + k) = value - divide_by_root<Scalar>(mean * rates.alpha, variance, options.epsilon);
  }
}

}  // namespace echocell
