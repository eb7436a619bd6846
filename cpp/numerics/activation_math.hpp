// The activation functions of arrays in registers: y = f(z), and f'(z) from y alone. V is a
// FixedArray.
#pragma once

#include "numerics/activations.hpp"
#include "numerics/packet_math.hpp"

namespace echocell {

/// log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|)): no overflow, no cancellation.
template <class V>
V softplus(const V& z) {
  const V e = exp<V>(-z.abs());
  return z.max(typename V::Scalar(0)) + e.log1p();
}

template <class V>
V activate(Activation f, const V& z) {
  using Scalar = typename V::Scalar;
  constexpr Scalar zero = 0, one = 1;
  switch (f) {
    case Activation::tanh:
      return tanh(z);
    case Activation::sigmoid:
      return sigmoid(z);
    case Activation::hard_sigmoid:
      return (z * Scalar(1.0 / 6) + Scalar(0.5)).min(one).max(zero);
    case Activation::relu:
      return z.max(zero);
    case Activation::softsign:
      return z / (one + z.abs());
    case Activation::elu:
      return z.max(zero) + expm1<V>(z.min(zero));
    case Activation::softplus:
      return softplus(z);
    case Activation::bipolar_sigmoid:
      return tanh<V>(z * Scalar(0.5));
    case Activation::bipolar_sigmoid_2:
      return Scalar(2) * tanh<V>(z * Scalar(0.5));
    default:
      return z;
  }
}

/// f'(z), given y = f(z).
template <class V>
V derivative(Activation f, const V& y) {
  using Scalar = typename V::Scalar;
  constexpr Scalar zero = 0, one = 1;
  switch (f) {
    case Activation::tanh:
      return one - y * y;
    case Activation::sigmoid:
      return y * (one - y);
    case Activation::hard_sigmoid:  // 1 / 6 within (0, 1)
      return (y.ceil() - y.floor()) * Scalar(1.0 / 6);
    case Activation::relu:  // 1 where y > 0
      return y.ceil().min(one);
    case Activation::softsign:
      return (one - y.abs()).square();
    case Activation::elu:  // exp(z) where z < 0, else 1
      return y.min(zero) + one;
    case Activation::softplus:
      return -expm1<V>(-y);
    case Activation::bipolar_sigmoid:
      return (one - y * y) * Scalar(0.5);
    case Activation::bipolar_sigmoid_2:
      return one - y * y * Scalar(0.25);
    default:
      return V::Ones();
  }
}

}  // namespace echocell
