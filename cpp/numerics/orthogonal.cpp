#include "numerics/orthogonal.hpp"

#include <Eigen/QR>
#include <algorithm>

namespace echocell {
namespace {

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Reflectors = Eigen::HouseholderQR<Eigen::MatrixXd>;

/// Two of the blocks in which Eigen applies a sequence of reflectors.
constexpr Index kReflectorsAtATime = 96;

/// Eigen cuts products into blocks that fit the caches of the machine, and the cut decides in which
/// order sums are taken. With fixed sizes all machines cut alike.
void fix_block_sizes() {
  static const bool fixed = [] {
    Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 2 << 20);
    return true;
  }();
  (void)fixed;
}

/// q = the first columns of the product of all reflectors. Taken from the last block to the first,
/// a block meets the identity in the columns before it, which it leaves as they are: this halves
/// the work of Eigen's own `householderQ() * Identity`.
void multiply_out(const Reflectors& qr, Eigen::Ref<Eigen::MatrixXd> q) {
  const Eigen::MatrixXd& vectors = qr.matrixQR();
  const Index rows = vectors.rows(), columns = vectors.cols();
  q.setIdentity();
  const Index last = (columns - 1) / kReflectorsAtATime * kReflectorsAtATime;
  for (Index k = last; k >= 0; k -= kReflectorsAtATime) {
    const Index width = std::min(kReflectorsAtATime, columns - k);
    const auto block = vectors.block(k, k, rows - k, width);
    q.bottomRightCorner(rows - k, columns - k)
        .applyOnTheLeft(Eigen::householderSequence(block, qr.hCoeffs().segment(k, width)));
  }
}

}  // namespace

void orthonormal_columns(const double* matrix, Index rows, Index columns, double* q) {
  if (columns == 0) return;
  fix_block_sizes();
  const Reflectors qr(Eigen::Map<const RowMajorMatrix>(matrix, rows, columns));
  Eigen::Map<Eigen::MatrixXd> result(q, rows, columns);
  multiply_out(qr, result);
  for (Index k = 0; k < columns; ++k) {
    if (qr.matrixQR()(k, k) < 0) result.col(k) = -result.col(k);
  }
}

}  // namespace echocell
