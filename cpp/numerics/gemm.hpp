// Matrix products, and the two sums that go with a bias. The only file behind this header that
// knows Eigen's products is gemm.cpp.
#pragma once

#include "numerics/shape.hpp"

namespace echocell {

/// A row-major matrix view: element (r, c) is data[r * stride + c]. Owns nothing.
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

// S is float or double. c overlaps neither a nor b.

/// c = a b
template <class S>
void multiply(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c);
/// c += a b
template <class S>
void add_product(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c);
/// c += a^T b
template <class S>
void add_product_tn(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c);
/// c = a b^T
template <class S>
void multiply_nt(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c);
/// c += a b^T
template <class S>
void add_product_nt(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c);

/// Every row of c = row, or 0 where row is null.
template <class S>
void fill_rows(const S* row, Matrix<S> c);
/// sums[j] += the sum over rows of a(., j)
template <class S>
void add_column_sums(ConstMatrix<S> a, S* sums);

}  // namespace echocell
