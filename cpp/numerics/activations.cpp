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

/// The vector at y + k, padded with zeros where it would pass n.
template <class S>
Vector<S> vector_at(const S* y, Index k, Index n) {
  return k + kLanes<S> <= n ? load(y + k) : simd::load_some(y + k, n - k);
}

/// change(vector, k) for all whole vectors from data + k on, and for the rest padded with zeros: a
/// number's bits do not depend on where it stands.
template <class S, class Change>
void change_all(S* data, Index n, const Change& change) {
  Index k = 0;
  for (; k + kLanes<S> <= n; k += kLanes<S>) store(data + k, change(load(data + k), k));
  if (k < n) simd::store_some<S>(data + k, change(simd::load_some(data + k, n - k), k), n - k);
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
  change_all(dy, n, [=](Vector<S> d, Index k) { return d * slope<S>(f, vector_at(y, k, n)); });
}

template <class S>
S exp_shifted(const S* z, Index n, S shift, S* terms) {
  constexpr Index W = kLanes<S>;
  Vector<S> sums = {};
  Index k = 0;
  for (; k + W <= n; k += W) {
    const Vector<S> e = simd::exp<S>(load(z + k) - shift);
    sums += e;
    if (terms != nullptr) store(terms + k, e);
  }
  S sum = simd::sum<S>(sums);
  if (k == n) return sum;
  S rest[W];
  store(rest, simd::exp<S>(vector_at(z, k, n) - shift));
  for (Index j = k; j < n; ++j) {
    sum += rest[j - k];
    if (terms != nullptr) terms[j] = rest[j - k];
  }
  return sum;
}

template <class S>
S largest(const S* z, Index n) {
  constexpr Index W = kLanes<S>;
  S top = z[0];
  Index k = 0;
  if (n >= W) {
    Vector<S> tops = load(z);
    for (k = W; k + W <= n; k += W) tops = simd::max<S>(load(z + k), tops);
    for (Index j = 0; j < W; ++j) top = std::max(top, tops[j]);
  }
  for (; k < n; ++k) top = std::max(top, z[k]);
  return top;
}

template <class S>
void softmax(S* data, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    S* y = data + r * cols;
    const S scale = S(1) / exp_shifted(y, cols, largest(y, cols), y);
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
