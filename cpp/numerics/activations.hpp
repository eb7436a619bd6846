// The squashing functions, under Keras's names. Each derivative is written in terms of the output
// y = f(z), so that the backward pass needs no copy of z.
#pragma once

#include "numerics/shape.hpp"

namespace echocell {

enum class Activation {
  linear,
  tanh,
  sigmoid,
  hard_sigmoid,  // clip(z / 6 + 1/2, 0, 1), as in Keras 3
  relu,
  softsign,           // z / (1 + |z|)
  elu,                // z where z > 0, else exp(z) - 1
  softplus,           // log(1 + exp(z))
  bipolar_sigmoid,    // 2 / (1 + exp(-z)) - 1, from -1 to 1: h of Hochreiter & Schmidhuber 1997
  bipolar_sigmoid_2,  // twice that, from -2 to 2: their g
  softmax             // over a row; only where a layer says so, never inside a recurrent cell
};

/// y[k] = f(y[k]), in place, for n numbers. Not for softmax.
template <class Scalar>
void activate(Activation f, Scalar* y, Index n);

/// dy[k] *= f'(z[k]), given y = f(z), for n numbers. Not for softmax.
template <class Scalar>
void multiply_by_derivative(Activation f, const Scalar* y, Scalar* dy, Index n);

/// terms[k] = exp(z[k] - shift) for n numbers; returns their sum. terms may be z, or null: only the
/// sum is wanted.
template <class Scalar>
Scalar exp_shifted(const Scalar* z, Index n, Scalar shift, Scalar* terms);

/// The greatest of n numbers, n >= 1.
template <class Scalar>
Scalar largest(const Scalar* z, Index n);

/// Softmax of each of `rows` rows of `cols` numbers, in place; stable for any finite numbers.
template <class Scalar>
void softmax(Scalar* y, Index rows, Index cols);

/// dz from dy, in place: dz = y * (dy - sum(dy * y)), row by row.
template <class Scalar>
void softmax_backward(const Scalar* y, Scalar* dy, Index rows, Index cols);

/// The whole array, rows of `cols` numbers, whatever f is.
template <class Scalar>
void activate_rows(Activation f, Scalar* y, Index rows, Index cols);
template <class Scalar>
void activate_rows_backward(Activation f, const Scalar* y, Scalar* dy, Index rows, Index cols);

}  // namespace echocell
