// A view of a row-major matrix.
#pragma once

#include "numerics/shape.hpp"

namespace echocell {

/// Element (r, c) is data[r * stride + c]. Owns nothing.
template <class S>
struct Matrix {
  S* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;

  Matrix(S* d, Index r, Index c) : data(d), rows(r), cols(c), stride(c) {}
  Matrix(S* d, Index r, Index c, Index s) : data(d), rows(r), cols(c), stride(s) {}
  operator Matrix<const S>() const { return {data, rows, cols, stride}; }
  Matrix row_range(Index first, Index count) const {
    return {data + first * stride, count, cols, stride};
  }
};

template <class S>
using ConstMatrix = Matrix<const S>;

}  // namespace echocell
