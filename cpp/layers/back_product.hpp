// The gradient of a layer's input: dz W^T, some rows at a time.
#pragma once

#include <algorithm>

#include "numerics/interrupt.hpp"
#include "numerics/packed_product.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// Scratch for products with the transpose of one weight matrix [K, N]. Few rows take dot products
/// with the weights as they are; more of them pay for a transposed copy.
template <class Scalar>
class BackProduct {
 public:
  /// rows: how many there will be in all.
  void plan(Index K, Index N, Index rows, Workspace& workspace) {
    K_ = K;
    if (rows > kFewRows) transposed_ = workspace.take<Scalar>(N * stride());
    rows_ = workspace.take<Scalar>(std::min(rows, kPiece) * stride());
  }

  /// Reads the weights; before the other calls, whenever they have changed.
  void load(const ConstPanels<Scalar>& weights) {
    weights_ = weights;
    if (transposed_) transpose(weights, transposed_view(transposed_, K_, weights.cols));
  }

  /// out += z[row ..., part] W[:, part]^T, for all rows of out; out.outerStride() >= stride().
  void add(const ConstPanels<Scalar>& z, Index row, RowsView<Scalar> out,
           const ColumnRange& part = {}) const {
    if (transposed_) {
      add_product_back<Scalar>(
          z, row, transposed_view<const Scalar>(transposed_, K_, weights_.cols), out, part);
    } else {
      add_dot_product_back<Scalar>(z, row, weights_, out, part);
    }
  }

  /// visit(row, dx) for the first rows of z: dx [K] is that row of z[:, part] W[:, part]^T.
  template <class Visit>
  void for_each_row(const ConstPanels<Scalar>& z, Index rows, const ColumnRange& part,
                    Interrupt* interrupt, const Visit& visit) const {
    for (Index first = 0; first < rows; first += kPiece) {
      if (rows > kPiece && interrupt != nullptr && interrupt->check()) return;
      const Index count = std::min(kPiece, rows - first);
      ArrayView<Scalar>(rows_, count * stride()).setZero();
      add(z, first, rows_view(rows_, count, K_, stride()), part);
      for (Index r = 0; r < count; ++r) visit(first + r, rows_ + r * stride());
    }
  }

  Index stride() const { return padded<Scalar>(K_); }

 private:
  static constexpr Index kFewRows = 8, kPiece = 128;

  Index K_ = 0;
  ConstPanels<Scalar> weights_;
  Scalar* transposed_ = nullptr;
  Scalar* rows_ = nullptr;
};

}  // namespace echocell
