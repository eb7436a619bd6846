#include "numerics/activations.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace echocell {
namespace {

template <class S>
using Array = Eigen::Map<Eigen::Array<S, Eigen::Dynamic, 1>>;
template <class S>
using ConstArray = Eigen::Map<const Eigen::Array<S, Eigen::Dynamic, 1>>;

// max(z, 0) + log1p(exp(-|z|)): no overflow, no cancellation.
template <class S>
S softplus_of(S z) {
  return std::max(z, S(0)) + std::log1p(std::exp(-std::abs(z)));
}

}  // namespace

template <class S>
void activate(Activation f, S* data, Index n) {
  Array<S> y(data, n);
  switch (f) {
    case Activation::linear:
      break;
    case Activation::tanh:
      y = y.tanh();
      break;
    case Activation::sigmoid:
      y = y.logistic();
      break;
    case Activation::hard_sigmoid:
      y = (y * S(1.0 / 6) + S(0.5)).min(S(1)).max(S(0));
      break;
    case Activation::relu:
      y = y.max(S(0));
      break;
    case Activation::softsign:
      y = y / (y.abs() + S(1));
      break;
    case Activation::elu:
      y = (y > S(0)).select(y, y.min(S(0)).unaryExpr([](S z) { return std::expm1(z); }));
      break;
    case Activation::softplus:
      y = y.unaryExpr([](S z) { return softplus_of(z); });
      break;
    case Activation::softmax:
      throw std::logic_error("softmax is a function of a row");
  }
}

template <class S>
void multiply_by_derivative(Activation f, const S* value, S* gradient, Index n) {
  ConstArray<S> y(value, n);
  Array<S> dy(gradient, n);
  switch (f) {
    case Activation::linear:
      break;
    case Activation::tanh:
      dy *= S(1) - y.square();
      break;
    case Activation::sigmoid:
      dy *= y * (S(1) - y);
      break;
    case Activation::hard_sigmoid:
      dy = (y > S(0) && y < S(1)).select(dy * S(1.0 / 6), S(0));
      break;
    case Activation::relu:
      dy = (y > S(0)).select(dy, S(0));
      break;
    case Activation::softsign:
      dy *= (S(1) - y.abs()).square();
      break;
    case Activation::elu:
      dy *= (y > S(0)).select(Eigen::Array<S, Eigen::Dynamic, 1>::Ones(n), y + S(1));
      break;
    case Activation::softplus:
      dy *= S(1) - (-y).exp();
      break;
    case Activation::softmax:
      throw std::logic_error("softmax is a function of a row");
  }
}

template <class S>
void softmax(S* data, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    Array<S> y(data + r * cols, cols);
    y = (y - y.maxCoeff()).exp();
    y /= y.sum();
  }
}

template <class S>
void softmax_backward(const S* value, S* gradient, Index rows, Index cols) {
  for (Index r = 0; r < rows; ++r) {
    ConstArray<S> y(value + r * cols, cols);
    Array<S> dy(gradient + r * cols, cols);
    const S dot = (dy * y).sum();
    dy = y * (dy - dot);
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
