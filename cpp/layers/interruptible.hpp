// Long products in pieces, between which a request to stop is read.
#pragma once

#include <algorithm>

#include "numerics/interrupt.hpp"
#include "numerics/packed_product.hpp"

namespace echocell {

/// Calls work(first, count) over all of 0 .. rows - 1, in pieces of some 10 ms, until interrupted;
/// once also where there are no rows. per_row: multiplications per row.
template <class Work>
void in_pieces(Interrupt* interrupt, Index rows, Index per_row, const Work& work) {
  constexpr Index kPiece = 100000000, kFewestRows = 64;
  if (rows <= kFewestRows) return work(Index(0), rows);  // without a division
  const Index piece = std::max(kFewestRows, kPiece / std::max<Index>(1, per_row));
  Index first = 0;
  do {
    if (rows > piece && interrupt != nullptr && interrupt->check()) return;
    work(first, std::min(piece, rows - first));
    first += piece;
  } while (first < rows);
}

/// product_tn() in pieces: w = or += a^T z[row ...], unless it is interrupted.
template <class Scalar>
void product_tn_in_pieces(Interrupt* interrupt, const ConstRowsView<Scalar>& a,
                          const ConstPanels<Scalar>& z, Index row, const Panels<Scalar>& w,
                          Write write, const ColumnRange& part = {}) {
  in_pieces(interrupt, a.rows(), a.cols() * z.cols, [&](Index first, Index rows) {
    product_tn<Scalar>(row_range(a, first, rows), z, row + first, w,
                       first == 0 ? write : Write::add, part);
  });
}

}  // namespace echocell
