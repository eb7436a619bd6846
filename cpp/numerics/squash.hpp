// The activation functions on vectors: y = f(z), and f'(z) from y alone.
#pragma once

#include <algorithm>
#include <cmath>

#include "numerics/activations.hpp"
#include "numerics/vector_math.hpp"

namespace echocell {

/// max(z, 0) + log1p(exp(-|z|)): no overflow, no cancellation.
template <class S>
simd::Vector<S> softplus(simd::Vector<S> z) {
  S lanes[simd::kLanes<S>];
  simd::store(lanes, z);
  for (S& lane : lanes) lane = std::max(lane, S(0)) + std::log1p(std::exp(-std::abs(lane)));
  return simd::load(lanes);
}

template <class S>
simd::Vector<S> squash(Activation f, simd::Vector<S> z) {
  using V = simd::Vector<S>;
  const V zero = {}, one = simd::splat(S(1));
  switch (f) {
    case Activation::tanh:
      return simd::tanh<S>(z);
    case Activation::sigmoid:
      return simd::sigmoid<S>(z);
    case Activation::hard_sigmoid:
      return simd::max<S>(zero, simd::min<S>(one, z * S(1.0 / 6) + S(0.5)));
    case Activation::relu:
      return simd::max<S>(zero, z);
    case Activation::softsign:
      return z / (one + simd::max<S>(z, -z));
    case Activation::elu:
      return z > zero ? z : simd::expm1<S>(simd::min<S>(zero, z));
    case Activation::softplus:
      return softplus<S>(z);
    case Activation::bipolar_sigmoid:
      return simd::tanh<S>(z * S(0.5));
    case Activation::bipolar_sigmoid_2:
      return S(2) * simd::tanh<S>(z * S(0.5));
    default:
      return z;
  }
}

/// f'(z), given y = f(z).
template <class S>
simd::Vector<S> slope(Activation f, simd::Vector<S> y) {
  using V = simd::Vector<S>;
  const V zero = {}, one = simd::splat(S(1));
  switch (f) {
    case Activation::tanh:
      return one - y * y;
    case Activation::sigmoid:
      return y * (one - y);
    case Activation::hard_sigmoid:
      return y > zero ? (y < one ? simd::splat(S(1.0 / 6)) : zero) : zero;
    case Activation::relu:
      return y > zero ? one : zero;
    case Activation::softsign: {
      const V rest = one - simd::max<S>(y, -y);
      return rest * rest;
    }
    case Activation::elu:
      return y > zero ? one : y + one;
    case Activation::softplus:
      return -simd::expm1<S>(-y);
    case Activation::bipolar_sigmoid:
      return (one - y * y) * S(0.5);
    case Activation::bipolar_sigmoid_2:
      return one - y * y * S(0.25);
    default:
      return one;
  }
}

}  // namespace echocell
