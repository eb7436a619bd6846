// The array types of the core: Eigen's arrays, and views of memory owned elsewhere. Headers use
// nothing of Eigen but <Eigen/Core>; types that depend on the instruction set are named in
// numerics/packet.hpp alone.
#pragma once

#include <Eigen/Core>
#include <type_traits>

#include "numerics/shape.hpp"

namespace echocell {

/// T, const where Scalar is.
template <class Scalar, class T>
using ConstLike = std::conditional_t<std::is_const_v<Scalar>, const T, T>;

/// N numbers, N known at compile time: in registers.
template <class Scalar, int N>
using FixedArray = Eigen::Array<Scalar, N, 1>;

/// A view of contiguous numbers; Scalar is const for reading only.
template <class Scalar>
using ArrayView =
    Eigen::Map<ConstLike<Scalar, FixedArray<std::remove_const_t<Scalar>, Eigen::Dynamic>>>;
template <class Scalar>
using ConstArrayView = ArrayView<const Scalar>;

/// A view of a row-major matrix whose rows begin outerStride() numbers apart.
template <class Scalar>
using RowsView =
    Eigen::Map<ConstLike<Scalar, Eigen::Array<std::remove_const_t<Scalar>, Eigen::Dynamic,
                                              Eigen::Dynamic, Eigen::RowMajor>>,
               Eigen::Unaligned, Eigen::OuterStride<>>;
template <class Scalar>
using ConstRowsView = RowsView<const Scalar>;

/// Returns the view of a matrix whose rows begin `stride` numbers apart.
template <class Scalar>
RowsView<Scalar> rows_view(Scalar* data, Index rows, Index cols, Index stride) {
  return {data, rows, cols, Eigen::OuterStride<>(stride)};
}
template <class Scalar>
RowsView<Scalar> rows_view(Scalar* data, Index rows, Index cols) {
  return rows_view(data, rows, cols, cols);
}

/// Rows [first, first + count) of a view.
template <class View>
View row_range(const View& view, Index first, Index count) {
  return rows_view(view.data() + first * view.outerStride(), count, view.cols(),
                   view.outerStride());
}

/// Row r of a view.
template <class View>
auto row_of(View view, Index r) {
  return ArrayView<std::remove_pointer_t<decltype(view.data())>>(
      view.data() + r * view.outerStride(), view.cols());
}

}  // namespace echocell
