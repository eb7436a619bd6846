// Products with packed matrices. A matrix that is used again and again (the weights of a layer, the
// gates of all steps) is stored as panels: tiles of a few vectors of columns, each tile with its
// rows one after the other. A kernel walks down a panel and keeps its part of the result in
// registers.
#pragma once

#include <algorithm>

#include "numerics/packet.hpp"

namespace echocell {

/// The widest tile, in vectors.
constexpr Index kTileVectors = 4;

/// A view of rows x cols numbers in panels of `tile` columns; the last one may be narrower. cols
/// and tile are whole vectors, tile at most kTileVectors of them. Panel p holds the columns [p
/// tile, p tile + width) at data + p tile rows, row after row. Owns nothing.
template <class Scalar>
struct Panels {
  Scalar* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index tile = 0;

  Index size() const { return rows * cols; }
  /// Of the panel that begins at this column.
  Scalar* panel(Index col) const { return data + col * rows; }
  Index width(Index col) const { return std::min(tile, cols - col); }
  operator Panels<const Scalar>() const { return {data, rows, cols, tile}; }
};

template <class Scalar>
using ConstPanels = Panels<const Scalar>;

/// Some columns of every panel: the vectors [first, first + count) out of `of`. All, by default.
struct ColumnRange {
  Index first = 0;
  Index count = 0;
  Index of = 0;
};

/// Whether a sum replaces the number before it or is added to it.
enum class Write { set, add };

// last_panel_first reverses the order in which a product reads the panels of its weights; the sums
// are the same. Weights larger than the second cache are read faster where one product after the
// other reverses it: each finds in the cache the panels that the one before it read last.

/// out[row + r, c] += sum over k of a[r, k] w[k, c], for all rows of a.
template <class Scalar>
void add_product(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& w,
                 const Panels<Scalar>& out, Index row, const ColumnRange& part = {},
                 bool last_panel_first = false);
/// out[row + r, c] = bias[c] + sum over k of a[r, k] w[k, c]; bias null: zeros.
template <class Scalar>
void affine(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& w, const Scalar* bias,
            const Panels<Scalar>& out, Index row, const ColumnRange& part = {});
/// w[k, c] = or += sum over r of a[r, k] z[row + r, c]: the way back to the weights.
template <class Scalar>
void product_tn(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& z, Index row,
                const Panels<Scalar>& w, Write write, const ColumnRange& part = {});
/// out[r, j] += sum over c of z[row + r, c] wt[c, j]: the way back to the inputs, with wt the
/// transposed weights, made by transpose(). out.outerStride() >= wt.cols.
template <class Scalar>
void add_product_back(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& wt,
                      RowsView<Scalar> out, const ColumnRange& part = {});

/// The same without transposed weights, by dot products: for a few rows. out[r, j] for all rows j
/// of w.
template <class Scalar>
void add_dot_product_back(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& w,
                          RowsView<Scalar> out, const ColumnRange& part = {});

// Rows of inputs of which at most one number is not zero, as in one-hot codes: a product with such
// a row is a row of the weights.

/// out[r, c] += x[r, hot[r]] w[hot[r], c] for rows of x of w.rows numbers; nothing where hot[r] <
/// 0.
template <class Scalar>
void add_one_hot_product(const Scalar* x, const Index* hot, Index rows,
                         const ConstPanels<Scalar>& w, const Panels<Scalar>& out);
/// w[hot[r], c] += x[r, hot[r]] z[r, c]; set: all other rows of w become 0.
template <class Scalar>
void one_hot_product_tn(const Scalar* x, const Index* hot, Index rows, const ConstPanels<Scalar>& z,
                        const Panels<Scalar>& w, Write write);
/// w[row, c] = 0 for `count` rows, those below 0 left out.
template <class Scalar>
void clear_rows(const Index* rows, Index count, const Panels<Scalar>& w);

/// out[row + r, c] = values[c], or 0 where values is null, for `rows` rows.
template <class Scalar>
void fill_rows(const Scalar* values, const Panels<Scalar>& out, Index row, Index rows);
/// Between panels and a row-major matrix of as many columns, or fewer: padding is left out, or
/// zero.
template <class Scalar>
void copy_from_panels(const ConstPanels<Scalar>& from, RowsView<Scalar> to);
template <class Scalar>
void copy_to_panels(const ConstRowsView<Scalar>& from, const Panels<Scalar>& to);
/// sums[c] = or += the sum over the first rows of a[., c].
template <class Scalar>
void column_sums(const ConstPanels<Scalar>& a, Index rows, ArrayView<Scalar> sums, Write write);

/// wt[c, j] = w[j, c]: wt has w.cols rows, and padded(w.rows) columns.
template <class Scalar>
void transpose(const ConstPanels<Scalar>& w, const Panels<Scalar>& wt);
/// wt of a w with these extents, at this address.
template <class Scalar>
Panels<Scalar> transposed_view(Scalar* data, Index w_rows, Index w_cols) {
  return {data, w_cols, padded<Scalar>(w_rows), kTileVectors * kLanes<Scalar>};
}

}  // namespace echocell
