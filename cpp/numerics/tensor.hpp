// Handles of the numbers that pass between layers. Unlike Eigen's views they can be null and can be
// assigned anew; they own nothing. Computations use the views that they return.
//
// A batch of samples of shape (d1, d2, ..., dk) is stored time-major and without gaps as
// [d1, B, d2 * ... * dk]; samples of one axis, (d1), as [1, B, d1]. So row (t, b) of a sequence
// begins at number (t * B + b) * width, and one time step of the whole batch is one block.
#pragma once

#include <cstdint>

#include "numerics/eigen.hpp"
#include "numerics/shape.hpp"

namespace echocell {

/// `size` contiguous numbers. Scalar is const for reading only.
template <class Scalar>
struct Span {
  Scalar* data = nullptr;
  Index size = 0;

  Scalar& operator[](Index k) const { return data[k]; }
  ArrayView<Scalar> array() const { return {data, size}; }
  ArrayView<const Scalar> const_array() const { return {data, size}; }
  RowsView<Scalar> rows(Index count) const { return rows_view(data, count, size / count); }
  /// `count` of them from number `first` on; null where the whole span is.
  Span part(Index first, Index count) const {
    return data == nullptr ? Span{} : Span{data + first, count};
  }
  explicit operator bool() const { return data != nullptr; }
  operator Span<const Scalar>() const { return {data, size}; }
};

/// [steps, batch, width] numbers.
template <class Scalar>
struct Tensor {
  Scalar* data = nullptr;
  Index steps = 1;
  Index batch = 0;
  Index width = 0;

  Index rows() const { return steps * batch; }
  Index size() const { return steps * batch * width; }
  ArrayView<Scalar> array() const { return {data, size()}; }
  RowsView<Scalar> all_rows() const { return rows_view(data, rows(), width); }
  /// All numbers as rows of `cols`, the last axis of the samples.
  RowsView<Scalar> rows_of(Index cols) const {
    return rows_view(data, cols == 0 ? 0 : size() / cols, cols);
  }
  /// The steps of one row of the batch.
  RowsView<Scalar> sample(Index b) const {
    return rows_view(data + b * width, steps, width, batch * width);
  }
  /// One time step of the batch, as a tensor of its own.
  Tensor at_step(Index t) const { return {data + t * batch * width, 1, batch, width}; }
  RowsView<Scalar> step(Index t) const { return rows_view(data + t * batch * width, batch, width); }
  ArrayView<Scalar> row(Index t, Index b) const { return {data + (t * batch + b) * width, width}; }
  explicit operator bool() const { return data != nullptr; }
  operator Tensor<const Scalar>() const { return {data, steps, batch, width}; }
};

/// Returns the tensor of a batch of samples of this shape at this address.
template <class Scalar>
Tensor<Scalar> view(Scalar* data, const Shape& sample, Index batch) {
  const bool sequence = sample.size() >= 2;
  const Index steps = sequence ? sample[0] : 1;
  return {data, steps, batch, steps == 0 ? 0 : volume(sample) / steps};
}

/// [steps, batch] bytes, 1 where a step counts, 0 where it is padding. data == nullptr: all count.
struct Mask {
  std::uint8_t* data = nullptr;
  Index steps = 0;
  Index batch = 0;
  // Of samples of three axes and more: which parts of a step count, the rows along its last axis,
  // [steps, batch, parts]. Null: a step counts as a whole. A step counts where a part of it does.
  std::uint8_t* inner = nullptr;
  Index parts = 0;

  explicit operator bool() const { return data != nullptr; }
  bool valid(Index t, Index b) const { return data == nullptr || data[t * batch + b] != 0; }
};

}  // namespace echocell
