// The activation functions, under Keras's names. Each derivative is written in terms of the output
// y = f(z), so that the backward pass needs no copy of z.
#pragma once

#include "numerics/eigen.hpp"

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

/// f(z) of an array in registers: V is a packet or a part of one, of the sizes that
/// ECHOCELL_FOR_PACKETS_AND_PARTS lists.
template <class V>
V activate(Activation f, const V& z);

/// f'(z) of such an array, given y = f(z).
template <class V>
V derivative(Activation f, const V& y);

/// y = f(y), in place; softmax is taken of each row. The rows lie one after the other.
template <class Scalar>
void activate(Activation f, RowsView<Scalar> y);

/// dz from dy, in place, given y = f(z): dz = f'(z) dy, and for softmax dz = y (dy - sum(dy y)) of
/// each row. The rows lie one after the other.
template <class Scalar>
void multiply_by_derivative(Activation f, const ConstRowsView<Scalar>& y, RowsView<Scalar> dy);

/// terms = exp(z - shift), for which z may be `terms`; returns their sum. Where `terms` is empty
/// the sum alone is wanted.
template <class Scalar>
Scalar exp_shifted(const ConstArrayView<Scalar>& z, Scalar shift, ArrayView<Scalar> terms);

}  // namespace echocell
