#include "numerics/activations.hpp"

#include <stdexcept>

#include "numerics/squash.hpp"

namespace echocell {
namespace {

using simd::kLanes;
using simd::load;
using simd::store;
using simd::Vector;

void require_pointwise(Activation f) {
  if (f == Activation::softmax) throw std::logic_error("softmax is a function of a row");
}

/// change(vector, k) for all whole vectors from data + k on, and for the rest padded with zeros: a
/// number's bits do not depend on where it stands.
template <class S, class Change>
void change_all(S* data, Index n, const Change& change) {
  Index k = 0;
  for (; k + kLanes<S> <= n; k += kLanes<S>) store(data + k, change(load(data + k), k));
  if (k == n) return;
  S rest[kLanes<S>] = {};
  std::copy(data + k, data + n, rest);
  store(rest, change(load(rest), k));
  std::copy(rest, rest + (n - k), data + k);
}

/// The vector at y + k, padded where it would pass n.
template <class S>
Vector<S> load_some(const S* y, Index k, Index n) {
  if (k + kLanes<S> <= n) return load(y + k);
  S rest[kLanes<S>] = {};
  std::copy(y + k, y + n, rest);
  return load(rest);
}

}  // namespace

template <class S>
void activate(Activation f, S* y, Index n) {
  require_pointwise(f);
  if (f == Activation::linear) return;
  change_all(y, n, [f](Vector<S> z, Index) { return squash<S>(f, z); });
}

template <class S>
void multiply_by_derivative(Activation f, const S* y, S* dy, Index n) {
  require_pointwise(f);
  if (f == Activation::linear) return;
  change_all(dy, n, [=](Vector<S> d, Index k) { return d * slope<S>(f, load_some(y, k, n)); });
}

template <class S>
void softmax(S* data, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    S* y = data + r * cols;
    const S top = *std::max_element(y, y + cols);
    change_all(y, cols, [top](Vector<S> z, Index) { return simd::exp<S>(z - top); });
    S sum = 0;
    for (Index j = 0; j < cols; ++j) sum += y[j];
    const S scale = S(1) / sum;
    for (Index j = 0; j < cols; ++j) y[j] *= scale;
  }
}

template <class S>
void softmax_backward(const S* value, S* gradient, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    const S* y = value + r * cols;
    S* dy = gradient + r * cols;
    S dot = 0;
    for (Index j = 0; j < cols; ++j) dot += dy[j] * y[j];
    for (Index j = 0; j < cols; ++j) dy[j] = y[j] * (dy[j] - dot);
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
  template void softmax<S>(S*, Index, Index);                               \
  template void softmax_backward<S>(const S*, S*, Index, Index);            \
  template void activate_rows<S>(Activation, S*, Index, Index);             \
  template void activate_rows_backward<S>(Activation, const S*, S*, Index, Index);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
