#include "numerics/gemm.hpp"

#include <Eigen/Core>

namespace echocell {
namespace {

template <class S>
using Dense = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class S>
auto map(ConstMatrix<S> m) {
  return Eigen::Map<const Dense<S>, 0, Eigen::OuterStride<>>(m.data, m.rows, m.cols,
                                                             Eigen::OuterStride<>(m.stride));
}

template <class S>
auto map(Matrix<S> m) {
  return Eigen::Map<Dense<S>, 0, Eigen::OuterStride<>>(m.data, m.rows, m.cols,
                                                       Eigen::OuterStride<>(m.stride));
}

}  // namespace

template <class S>
void multiply(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c) {
  map(c).noalias() = map(a) * map(b);
}

template <class S>
void add_product(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c) {
  map(c).noalias() += map(a) * map(b);
}

template <class S>
void add_product_tn(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c) {
  map(c).noalias() += map(a).transpose() * map(b);
}

template <class S>
void multiply_nt(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c) {
  map(c).noalias() = map(a) * map(b).transpose();
}

template <class S>
void add_product_nt(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c) {
  map(c).noalias() += map(a) * map(b).transpose();
}

template <class S>
void fill_rows(const S* row, Matrix<S> c) {
  for (Index r = 0; r < c.rows; ++r) {
    for (Index j = 0; j < c.cols; ++j) c.data[r * c.stride + j] = row ? row[j] : S(0);
  }
}

template <class S>
void add_column_sums(ConstMatrix<S> a, S* sums) {
  for (Index r = 0; r < a.rows; ++r) {
    for (Index j = 0; j < a.cols; ++j) sums[j] += a.data[r * a.stride + j];
  }
}

#define ECHOCELL_INSTANTIATE(S)                                               \
  template void multiply<S>(ConstMatrix<S>, ConstMatrix<S>, Matrix<S>);       \
  template void add_product<S>(ConstMatrix<S>, ConstMatrix<S>, Matrix<S>);    \
  template void add_product_tn<S>(ConstMatrix<S>, ConstMatrix<S>, Matrix<S>); \
  template void multiply_nt<S>(ConstMatrix<S>, ConstMatrix<S>, Matrix<S>);    \
  template void add_product_nt<S>(ConstMatrix<S>, ConstMatrix<S>, Matrix<S>); \
  template void fill_rows<S>(const S*, Matrix<S>);                            \
  template void add_column_sums<S>(ConstMatrix<S>, S*);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
