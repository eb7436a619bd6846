// The activations of a gated cell. The usual ones are known when a loop is compiled, any others are
// looked up for every array.
#pragma once

#include "numerics/activations.hpp"
#include "numerics/packet_math.hpp"

/// For the lambdas of a cell: a packet that is handed to a call leaves its register.
#define ECHOCELL_ALWAYS_INLINE __attribute__((always_inline))

namespace echocell {

/// sigmoid for the gates, tanh for the cell and its output. V is a FixedArray.
struct UsualActivations {
  template <class V>
  EIGEN_ALWAYS_INLINE V gate(const V& z) const {
    return sigmoid(z);
  }
  template <class V>
  EIGEN_ALWAYS_INLINE V cell(const V& z) const {
    return tanh(z);
  }
  template <class V>
  EIGEN_ALWAYS_INLINE V output(const V& c) const {
    return tanh(c);
  }
  // The derivatives, given the values y.
  template <class V>
  EIGEN_ALWAYS_INLINE V gate_derivative(const V& y) const {
    return y * (typename V::Scalar(1) - y);
  }
  template <class V>
  EIGEN_ALWAYS_INLINE V cell_derivative(const V& y) const {
    return typename V::Scalar(1) - y * y;
  }
  template <class V>
  EIGEN_ALWAYS_INLINE V output_derivative(const V& y) const {
    return typename V::Scalar(1) - y * y;
  }
};

/// Of the packet that a part of one is widened to.
struct AnyActivations {
  Activation of_gates, of_cell, of_output;

  template <class V>
  V gate(const V& z) const {
    return narrowed<V>(activate(of_gates, widened(z)));
  }
  template <class V>
  V cell(const V& z) const {
    return narrowed<V>(activate(of_cell, widened(z)));
  }
  template <class V>
  V output(const V& c) const {
    return narrowed<V>(activate(of_output, widened(c)));
  }
  template <class V>
  V gate_derivative(const V& y) const {
    return narrowed<V>(derivative(of_gates, widened(y)));
  }
  template <class V>
  V cell_derivative(const V& y) const {
    return narrowed<V>(derivative(of_cell, widened(y)));
  }
  template <class V>
  V output_derivative(const V& y) const {
    return narrowed<V>(derivative(of_output, widened(y)));
  }
};

/// work(activations) with those of a cell: of its gates, of what goes into the cell, and of what
/// comes out of it.
template <class Work>
void with_activations(Activation of_gates, Activation of_cell, Activation of_output,
                      const Work& work) {
  if (of_gates == Activation::sigmoid && of_cell == Activation::tanh &&
      of_output == Activation::tanh) {
    work(UsualActivations{});
  } else {
    work(AnyActivations{of_gates, of_cell, of_output});
  }
}

/// The same for a cell with one activation.
template <class Work>
void with_activation(Activation of_cell, const Work& work) {
  with_activations(Activation::sigmoid, of_cell, Activation::tanh, work);
}

}  // namespace echocell
