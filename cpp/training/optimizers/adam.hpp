// Adam (Kingma & Ba 2015), AMSGrad (Reddi et al. 2018) and, with weight decay, AdamW (Loshchilov &
// Hutter 2019).
#pragma once

#include "numerics/packet_loops.hpp"
#include "numerics/packet_math.hpp"
#include "training/optimizers/rates.hpp"

namespace echocell {

template <class Scalar>
struct AdamOptions {
  Scalar one_minus_beta_1, one_minus_beta_2;
  Scalar epsilon;
};

/// m += (1 - beta_1) (g - m);  v += (1 - beta_2) (g^2 - v);  w = max(w, v) where amsgrad
/// x -= alpha m / (sqrt(v) + epsilon)
///
/// x values, g gradients, m, v, w slots: whole packets of numbers. w is empty without amsgrad. One
/// loop, because m and v are read again at once.
template <bool kAmsgrad, class Scalar>
void adam(const Rates<Scalar>& rates, const AdamOptions<Scalar>& options,
          const ConstArrayView<Scalar>& g, ArrayView<Scalar> x, ArrayView<Scalar> m,
          ArrayView<Scalar> v, ArrayView<Scalar> w) {
  using V = Packet<Scalar>;
  for (Index k = 0; k < x.size(); k += kLanes<Scalar>) {
    const V gradient = packet(g, k), value = packet(x, k);
    V mean = packet(m, k), variance = packet(v, k);
    mean += (gradient - mean) * options.one_minus_beta_1;
    variance += (gradient.square() - variance) * options.one_minus_beta_2;
    packet(m, k) = mean;
    packet(v, k) = variance;
    if constexpr (kAmsgrad) {
      variance = variance.max(packet(w, k));
      packet(w, k) = variance;
    }
    packet(x, k) = value - value * rates.shrink -
                   divide_by_root<Scalar>(mean * rates.alpha, variance, options.epsilon);
  }
}

}  // namespace echocell
