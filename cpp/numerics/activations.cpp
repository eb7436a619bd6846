#include "numerics/activations.hpp"

#include "numerics/packet_loops.hpp"
#include "numerics/packet_math.hpp"

namespace echocell {
namespace {

/// All numbers of rows that lie one after the other.
template <class View>
auto numbers_of(View rows) {
  return row_of(rows_view(rows.data(), 1, rows.size()), 0);
}

/// log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|)): no overflow, no cancellation.
template <class V>
V softplus(const V& z) {
  const V e = exp<V>(-z.abs());
  return z.max(typename V::Scalar(0)) + e.log1p();
}

}  // namespace

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

template <class Scalar>
void activate(Activation f, RowsView<Scalar> y) {
  if (f == Activation::linear) return;
  if (f == Activation::softmax) {
    for (Index r = 0; r < y.rows(); ++r) {
      ArrayView<Scalar> row = row_of(y, r);
      const ConstArrayView<Scalar> z(row.data(), row.size());
      row *= Scalar(1) / exp_shifted<Scalar>(z, z.maxCoeff(), row);
    }
    return;
  }
  using V = Packet<Scalar>;
  assign_packets<Scalar>(
      numbers_of(y), [f](const V& z) -> V { return activate(f, z); }, numbers_of(y));
}

template <class Scalar>
void multiply_by_derivative(Activation f, const ConstRowsView<Scalar>& y, RowsView<Scalar> dy) {
  if (f == Activation::linear) return;
  if (f == Activation::softmax) {
    for (Index r = 0; r < y.rows(); ++r) {
      ArrayView<Scalar> d = row_of(dy, r);
      d = row_of(y, r) * (d - (d * row_of(y, r)).sum());
    }
    return;
  }
  using V = Packet<Scalar>;
  assign_packets<Scalar>(
      numbers_of(dy), [f](const V& value, const V& d) -> V { return d * derivative(f, value); },
      numbers_of(y), numbers_of(dy));
}

template <class Scalar>
Scalar exp_shifted(const ConstArrayView<Scalar>& z, Scalar shift, ArrayView<Scalar> terms) {
  using V = Packet<Scalar>;
  const bool kept = terms.size() > 0;
  const Index rest = z.size() % kLanes<Scalar>, whole = z.size() - rest;
  V sums = V::Zero();
  for (Index k = 0; k < whole; k += kLanes<Scalar>) {
    const V e = exp<V>(packet(z, k) - shift);
    sums += e;
    if (kept) packet(terms, k) = e;
  }
  Scalar sum = sums.sum();
  if (rest == 0) return sum;
  // One by one: the lanes that a masked store leaves out would delay loads of the next row.
  const V last = exp<V>(packet_of(z, whole, rest) - shift);
  for (Index j = 0; j < rest; ++j) {
    sum += last[j];
    if (kept) terms[whole + j] = last[j];
  }
  return sum;
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                     \
  template void activate<Scalar>(Activation, RowsView<Scalar>);                          \
  template void multiply_by_derivative<Scalar>(Activation, const ConstRowsView<Scalar>&, \
                                               RowsView<Scalar>);                        \
  template Scalar exp_shifted<Scalar>(const ConstArrayView<Scalar>&, Scalar, ArrayView<Scalar>);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

#define ECHOCELL_INSTANTIATE(Scalar, N)                                              \
  template FixedArray<Scalar, N> activate(Activation, const FixedArray<Scalar, N>&); \
  template FixedArray<Scalar, N> derivative(Activation, const FixedArray<Scalar, N>&);
ECHOCELL_FOR_PACKETS_AND_PARTS(ECHOCELL_INSTANTIATE)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
