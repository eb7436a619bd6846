// Inputs in one-hot codes, whose product with a kernel is a choice of its rows.
#pragma once

#include "numerics/packed_product.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// Rows of inputs of which at most one number is not 0, where they are all like that.
template <class Scalar>
class OneHotRows {
 public:
  /// Features from which on it is worth looking for one-hot rows.
  static constexpr Index kFewestFeatures = 4;

  void plan(Index rows, bool training, Workspace& workspace) {
    hot_ = workspace.span<Index>(rows);
    if (training) hot_before_ = workspace.span<Index>(rows);
  }
  /// Looks at all rows of x.
  void find(const ConstRowsView<Scalar>& x) {
    found_ = bool(hot_);
    for (Index r = 0; found_ && r < x.rows(); ++r) {
      // No branch, so that the compiler takes whole vectors; with one hot feature, the sum of the
      // places is its place.
      std::int32_t count = 0, place = 0;
      for (std::int32_t k = 0; k < static_cast<std::int32_t>(x.cols()); ++k) {
        const std::int32_t hot = x(r, k) != Scalar(0) ? 1 : 0;
        count += hot;
        place += hot * k;
      }
      hot_.data[r] = count == 0 ? -1 : place;
      found_ = count <= 1;
    }
  }
  /// Whether all rows were one-hot.
  bool found() const { return found_; }

  /// z += x W for rows [first, ...) of what find() looked at.
  void add_product(const ConstRowsView<Scalar>& x, Index first, const ConstPanels<Scalar>& w,
                   const Panels<Scalar>& z) const {
    add_one_hot_product(x.data(), hot_.data + first, x.rows(), w, z);
  }
  /// w = or += x^T z for rows [first, ...). kept: w is as the last call left it; then of a large
  /// kernel only the rows which that call wrote are set to zero. whole: x are all rows there are.
  void product_tn(const ConstRowsView<Scalar>& x, Index first, const ConstPanels<Scalar>& z,
                  const Panels<Scalar>& w, Write write, bool kept, bool whole) {
    if (kept && rows_before_ >= 0 && write == Write::set) {
      clear_rows(hot_before_.data, rows_before_, w);
      write = Write::add;
    }
    one_hot_product_tn(x.data(), hot_.data + first, x.rows(), z, w, write);
    rows_before_ = -1;
    if (!whole) return;
    std::swap(hot_, hot_before_);
    rows_before_ = x.rows();
  }
  /// All rows of the kernel's gradient are written by another product.
  void forget_last() { rows_before_ = -1; }

 private:
  bool found_ = false;
  Span<Index> hot_;         // the one feature of the row that is not 0, or -1: none is
  Span<Index> hot_before_;  // the same of the last product_tn(): rows of the gradient that it wrote
  Index rows_before_ = -1;  // how many; -1: it wrote all
};

}  // namespace echocell
