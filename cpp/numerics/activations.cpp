#include "numerics/activations.hpp"

#include <stdexcept>

#include "numerics/activation_math.hpp"

namespace echocell {
namespace {

void require_pointwise(Activation f) {
  if (f == Activation::softmax) throw std::logic_error("softmax is a function of a row");
}

/// The packet at y + k, padded with zeros where it would pass n.
template <class Scalar>
Packet<Scalar> packet_at(const Scalar* y, Index k, Index n) {
  if (k + kLanes<Scalar> <= n) return Packet<Scalar>::Map(y + k);
  return load_some<Packet<Scalar>>(y + k, n - k);
}

/// change(packet, k) for all whole packets from data + k on, and for the rest padded with zeros: a
/// number's bits do not depend on where it stands.
template <class Scalar, class Change>
void change_all(Scalar* data, Index n, const Change& change) {
  using V = Packet<Scalar>;
  Index k = 0;
  for (; k + kLanes<Scalar> <= n; k += kLanes<Scalar>)
    V::Map(data + k) = change(V(V::Map(data + k)), k);
  if (k < n) store_some<V>(data + k, change(load_some<V>(data + k, n - k), k), n - k);
}

}  // namespace

template <class Scalar>
void activate(Activation f, Scalar* y, Index n) {
  require_pointwise(f);
  if (f == Activation::linear) return;
  change_all(y, n,
             [f](const Packet<Scalar>& z, Index) -> Packet<Scalar> { return activate(f, z); });
}

template <class Scalar>
void multiply_by_derivative(Activation f, const Scalar* y, Scalar* dy, Index n) {
  require_pointwise(f);
  if (f == Activation::linear) return;
  change_all(dy, n, [=](const Packet<Scalar>& d, Index k) -> Packet<Scalar> {
    return d * derivative(f, packet_at(y, k, n));
  });
}

template <class Scalar>
Scalar exp_shifted(const Scalar* z, Index n, Scalar shift, Scalar* terms) {
  using V = Packet<Scalar>;
  V sums = V::Zero();
  Index k = 0;
  for (; k + kLanes<Scalar> <= n; k += kLanes<Scalar>) {
    const V e = exp<V>(V::Map(z + k) - shift);
    sums += e;
    if (terms != nullptr) V::Map(terms + k) = e;
  }
  Scalar sum = sums.sum();
  if (k == n) return sum;
  const V rest = exp<V>(packet_at(z, k, n) - shift);
  for (Index j = k; j < n; ++j) {
    sum += rest[j - k];
    if (terms != nullptr) terms[j] = rest[j - k];
  }
  return sum;
}

template <class Scalar>
Scalar largest(const Scalar* z, Index n) {
  return ConstArrayView<Scalar>(z, n).maxCoeff();
}

template <class Scalar>
void softmax(Scalar* data, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    Scalar* y = data + r * cols;
    ArrayView<Scalar>(y, cols) *= Scalar(1) / exp_shifted(y, cols, largest(y, cols), y);
  }
}

template <class Scalar>
void softmax_backward(const Scalar* value, Scalar* gradient, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    const ConstArrayView<Scalar> y(value + r * cols, cols);
    ArrayView<Scalar> dy(gradient + r * cols, cols);
    dy = y * (dy - (dy * y).sum());
  }
}

template <class Scalar>
void activate_rows(Activation f, Scalar* y, Index rows, Index cols) {
  if (f == Activation::softmax) {
    softmax(y, rows, cols);
  } else {
    activate(f, y, rows * cols);
  }
}

template <class Scalar>
void activate_rows_backward(Activation f, const Scalar* y, Scalar* dy, Index rows, Index cols) {
  if (f == Activation::softmax) {
    softmax_backward(y, dy, rows, cols);
  } else {
    multiply_by_derivative(f, y, dy, rows * cols);
  }
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                       \
  template void activate<Scalar>(Activation, Scalar*, Index);                              \
  template void multiply_by_derivative<Scalar>(Activation, const Scalar*, Scalar*, Index); \
  template Scalar exp_shifted<Scalar>(const Scalar*, Index, Scalar, Scalar*);              \
  template Scalar largest<Scalar>(const Scalar*, Index);                                   \
  template void softmax<Scalar>(Scalar*, Index, Index);                                    \
  template void softmax_backward<Scalar>(const Scalar*, Scalar*, Index, Index);            \
  template void activate_rows<Scalar>(Activation, Scalar*, Index, Index);                  \
  template void activate_rows_backward<Scalar>(Activation, const Scalar*, Scalar*, Index, Index);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
