// Long products, cut so that nobody waits for them who wants to stop.
#pragma once

#include <algorithm>

#include "numerics/interrupt.hpp"
#include "numerics/shape.hpp"

namespace echocell {

/// work(first, count) over all of 0 .. rows - 1, in pieces of some 10 ms, until it is interrupted.
/// per_row: multiplications per row.
template <class Work>
void in_pieces(Interrupt* interrupt, Index rows, Index per_row, const Work& work) {
  constexpr Index kPiece = 100000000, kFewestRows = 64;
  const Index piece = std::max(kFewestRows, kPiece / std::max<Index>(1, per_row));
  for (Index first = 0; first < rows; first += piece) {
    if (rows > piece && interrupt != nullptr && interrupt->check()) return;
    work(first, std::min(piece, rows - first));
  }
}

}  // namespace echocell
