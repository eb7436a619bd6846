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

/// Activations by name, each a call: they are compiled in numerics/activations.cpp alone.
struct AnyActivations {
  Activation of_gates, of_cell, of_output;

  template <class V>
  V gate(const V& z) const {
    return activate(of_gates, z);
  }
  template <class V>
  V cell(const V& z) const {
    return activate(of_cell, z);
  }
  template <class V>
  V output(const V& c) const {
    return activate(of_output, c);
  }
  template <class V>
  V gate_derivative(const V& y) const {
    return derivative(of_gates, y);
  }
  template <class V>
  V cell_derivative(const V& y) const {
    return derivative(of_cell, y);
  }
  template <class V>
  V output_derivative(const V& y) const {
    return derivative(of_output, y);
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

/// work(activations) for a cell with one activation, which is activations.cell.
template <class Work>
void with_activation(Activation of_cell, const Work& work) {
  with_activations(Activation::sigmoid, of_cell, Activation::tanh, work);
}

}  // namespace echocell
