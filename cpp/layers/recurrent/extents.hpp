// The sizes of a recurrent layer over time.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <algorithm>
#include <cmath>

#include "numerics/packed_product.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// The sizes of a recurrence for one slice; they are planned, and stay.
struct RecurrentExtents {
  Index steps = 0;         // T
  Index batch = 0;         // B
  Index features = 0;      // F
  Index units = 0;         // H
  Index outputs = 0;       // the first units: they leave the layer, and have a cell state
  Index blocks = 0;        // n
  Index padded_units = 0;  // Hp
  Index columns = 0;       // N
  Index tile = 0;          // see Packing
  Index tail = 0;          // see Packing
  Index segment = 0;       // steps of a segment: see Checkpoints

  /// The matrix [rows, N] whose panels lie here.
  template <class Scalar>
  Panels<Scalar> panels(const Span<Scalar>& numbers, Index rows) const {
    return {numbers.data, rows, columns, tile};
  }
  /// Room for one.
  template <class Scalar>
  Panels<Scalar> take_panels(Index rows, Workspace& workspace) const {
    return panels(workspace.span<Scalar>(rows * columns), rows);
  }
};

/// Steps of a segment: all T, unless so many rows of gates would take too much memory.
inline Index segment_steps(Index T, Index numbers_per_step) {
  constexpr Index kMostNumbers = Index{1} << 24;
  if (T * numbers_per_step <= kMostNumbers) return T;
  const auto root = static_cast<Index>(std::sqrt(static_cast<double>(T)));
  return std::clamp(kMostNumbers / numbers_per_step, Index{1}, std::max<Index>(root, 64));
}

}  // namespace echocell
