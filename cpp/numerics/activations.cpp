#include "numerics/activations.hpp"

#include "numerics/activation_math.hpp"
#include "numerics/packet_loops.hpp"

namespace echocell {
namespace {

/// All numbers of rows that lie one after the other.
template <class View>
auto numbers_of(View rows) {
  return row_of(rows_view(rows.data(), 1, rows.size()), 0);
}

}  // namespace

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

}  // namespace echocell
