#include "numerics/orthogonal.hpp"

#include <Eigen/QR>
#include <algorithm>

namespace echocell {
namespace {

/// Reflectors that are applied together; Eigen applies fewer than 48 one by one.
constexpr Index kReflectorsAtATime = 48;

/// Eigen divides products into blocks that fit the caches of the machine, and the blocks decide the
/// order of summation. With fixed sizes the blocks are the same on all machines.
void fix_block_sizes() {
  static const bool fixed = [] {
    Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 2 << 20);
    return true;
  }();
  (void)fixed;
}

/// The columns of q hold reflectors below the diagonal; replaces them by the first columns of the
/// product of the reflectors. Applied from the last block to the first, a block finds the identity
/// in the columns before its own, which it would not change: this halves the work of Eigen's own
/// `householderQ() * Identity`.
void multiply_out(Eigen::Ref<Eigen::MatrixXd> q, const Eigen::VectorXd& coefficients) {
  const Index rows = q.rows(), columns = q.cols();
  const Index last = (columns - 1) / kReflectorsAtATime * kReflectorsAtATime;
  for (Index k = last; k >= 0; k -= kReflectorsAtATime) {
    const Index width = std::min(kReflectorsAtATime, columns - k);
    const Eigen::MatrixXd reflectors = q.block(k, k, rows - k, width);
    auto rest = q.bottomRightCorner(rows - k, columns - k);
    rest.topRows(width).setZero();
    rest.leftCols(width).setIdentity();
    rest.applyOnTheLeft(Eigen::householderSequence(reflectors, coefficients.segment(k, width)));
  }
}

}  // namespace

void orthonormal_columns(const ConstRowsView<double>& matrix, RowsView<double> q_transposed) {
  if (matrix.cols() == 0) return;
  fix_block_sizes();
  Eigen::Map<Eigen::MatrixXd> q(q_transposed.data(), matrix.rows(), matrix.cols());
  q = matrix;
  const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> in_place(q);
  const Eigen::VectorXd diagonal = q.diagonal();  // of R
  multiply_out(q, in_place.hCoeffs());
  for (Index k = 0; k < q.cols(); ++k) {
    if (diagonal(k) < 0) q.col(k) = -q.col(k);
  }
}

}  // namespace echocell
