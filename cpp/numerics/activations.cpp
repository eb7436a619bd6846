#include "numerics/activations.hpp"

#include <stdexcept>

#include "numerics/activation_math.hpp"

namespace echocell {
namespace {

void require_pointwise(Activation f) {
  if (f == Activation::softmax) throw std::logic_error("softmax is a function of a row");
}

/// The packet at y + k, padded with zeros where it would pass n.
template <class S>
Packet<S> packet_at(const S* y, Index k, Index n) {
  if (k + kLanes<S> <= n) return Packet<S>::Map(y + k);
  return load_some<Packet<S>>(y + k, n - k);
}

/// change(packet, k) for all whole packets from data + k on, and for the rest padded with zeros: a
/// number's bits do not depend on where it stands.
template <class S, class Change>
void change_all(S* data, Index n, const Change& change) {
  using V = Packet<S>;
  Index k = 0;
  for (; k + kLanes<S> <= n; k += kLanes<S>) V::Map(data + k) = change(V(V::Map(data + k)), k);
  if (k < n) store_some<V>(data + k, change(load_some<V>(data + k, n - k), k), n - k);
}

}  // namespace

template <class S>
void activate(Activation f, S* y, Index n) {
  require_pointwise(f);
  if (f == Activation::linear) return;
  change_all(y, n, [f](const Packet<S>& z, Index) -> Packet<S> { return activate(f, z); });
}

template <class S>
void multiply_by_derivative(Activation f, const S* y, S* dy, Index n) {
  require_pointwise(f);
  if (f == Activation::linear) return;
  change_all(dy, n, [=](const Packet<S>& d, Index k) -> Packet<S> {
    return d * derivative(f, packet_at(y, k, n));
  });
}

template <class S>
S exp_shifted(const S* z, Index n, S shift, S* terms) {
  using V = Packet<S>;
  V sums = V::Zero();
  Index k = 0;
  for (; k + kLanes<S> <= n; k += kLanes<S>) {
    const V e = exp<V>(V::Map(z + k) - shift);
    sums += e;
    if (terms != nullptr) V::Map(terms + k) = e;
  }
  S sum = sums.sum();
  if (k == n) return sum;
  const V rest = exp<V>(packet_at(z, k, n) - shift);
  for (Index j = k; j < n; ++j) {
    sum += rest[j - k];
    if (terms != nullptr) terms[j] = rest[j - k];
  }
  return sum;
}

template <class S>
S largest(const S* z, Index n) {
  return ConstArrayView<S>(z, n).maxCoeff();
}

template <class S>
void softmax(S* data, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    S* y = data + r * cols;
    ArrayView<S>(y, cols) *= S(1) / exp_shifted(y, cols, largest(y, cols), y);
  }
}

template <class S>
void softmax_backward(const S* value, S* gradient, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    const ConstArrayView<S> y(value + r * cols, cols);
    ArrayView<S> dy(gradient + r * cols, cols);
    dy = y * (dy - (dy * y).sum());
  }
}

template <class S>
void activate_rows(Activation f, S* y, Index rows, Index cols) {
  if (f == Activation::softmax) {
    softmax(y, rows, cols);
  } else {
    activate(f, y, rows * cols);
  }
}

template <class S>
void activate_rows_backward(Activation f, const S* y, S* dy, Index rows, Index cols) {
  if (f == Activation::softmax) {
    softmax_backward(y, dy, rows, cols);
  } else {
    multiply_by_derivative(f, y, dy, rows * cols);
  }
}

#define ECHOCELL_INSTANTIATE(S)                                             \
  template void activate<S>(Activation, S*, Index);                         \
  template void multiply_by_derivative<S>(Activation, const S*, S*, Index); \
  template S exp_shifted<S>(const S*, Index, S, S*);                        \
  template S largest<S>(const S*, Index);                                   \
  template void softmax<S>(S*, Index, Index);                               \
  template void softmax_backward<S>(const S*, S*, Index, Index);            \
  template void activate_rows<S>(Activation, S*, Index, Index);             \
  template void activate_rows_backward<S>(Activation, const S*, S*, Index, Index);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
