// One weight array of a layer: Keras's name of it, and its layout here.
#pragma once

#include <algorithm>
#include <string>

#include "numerics/packed_product.hpp"
#include "numerics/shape.hpp"
#include "numerics/tensor.hpp"

namespace echocell {

/// The order of the numbers of a weight array in the layer's block. Outside, an array is row-major,
/// with columns ordered by block and then by unit (the i, f, c, o of an LSTM one after the other).
/// Inside, columns are ordered by vectors of units and, within these, by block, so that the gates
/// of a unit are loaded together. The last units may be fewer than a vector has lanes: then their
/// blocks are closer together, `tail` numbers each. Padding is zero. Matrices are in panels. By
/// default an array has the same order inside as outside.
struct Packing {
  Index stack = 1;   // matrices one after the other (two rows of biases are two of one row)
  Index rows = 0;    // of each; 0: not packed
  Index blocks = 1;  // of columns
  Index units = 0;   // per block
  Index tile = 0;    // numbers to a panel row
  Index lanes = 0;   // of a vector
  Index tail = 0;    // numbers to a block of the last units: lanes, or fewer

  Index cols() const {
    const Index last = (units - 1) / lanes, vectors = (blocks * tail + lanes - 1) / lanes;
    return (last * blocks + vectors) * lanes;
  }
  Index size() const { return stack * rows * cols(); }

  Index column(Index block, Index unit) const {
    const Index vector = unit / lanes, stride = vector == (units - 1) / lanes ? tail : lanes;
    return vector * lanes * blocks + block * stride + unit % lanes;
  }
  /// The place inside of an element of the array.
  Index place(Index matrix, Index row, Index block, Index unit) const {
    const Index col = column(block, unit), first = col / tile * tile;
    const Index width = std::min(tile, cols() - first);
    return (matrix * cols() + first) * rows + row * width + (col - first);
  }
};

/// The part of a layer's block that one weight array takes. The gradients of the block have the
/// same layout. Views are null where the layer has no such array, and where the block is null.
struct Placement {
  Index offset = -1;  // from the start of the block; -1: the layer has no such array
  Index size = 0;
  Index rows = 0, cols = 0, tile = 0;  // of a matrix in panels; see Packing

  /// All numbers of the array, padding included.
  template <class Scalar>
  Span<Scalar> span(const Span<Scalar>& block) const {
    return offset < 0 ? Span<Scalar>{} : block.part(offset, size);
  }
  template <class Scalar>
  Panels<Scalar> panels(const Span<Scalar>& block) const {
    return {span(block).data, rows, cols, tile};
  }
};

struct Parameter {
  std::string name;  // as in Keras: "kernel", "recurrent_kernel", "bias", ...
  Shape shape;       // as in Keras: (F, 4u), (u, 4u), (4u), ...
  Index offset = 0;  // from the start of the layer's block
  Packing packing;

  Index size() const { return volume(shape); }
  /// The count of its numbers inside, padding included.
  Index packed_size() const { return packing.rows == 0 ? size() : packing.size(); }
  Placement placement() const {
    if (packing.rows == 0) return {offset, size()};
    return {offset, packing.size(), packing.rows, packing.cols(), packing.tile};
  }

  /// outside[k] = inside[place of k] for all k of the array in its shape, row-major.
  template <class Scalar>
  void unpack(const Scalar* inside, Scalar* outside) const {
    for_each_run([&](Index k, Index place, Index count) {
      std::copy_n(inside + place, count, outside + k);
    });
  }
  template <class Scalar>
  void pack(const Scalar* outside, Scalar* inside) const {
    for_each_run([&](Index k, Index place, Index count) {
      std::copy_n(outside + k, count, inside + place);
    });
  }

 private:
  /// visit(k, place, count) for all runs of numbers that follow one another outside, from k on, and
  /// inside: a block of a vector of units.
  template <class Visit>
  void for_each_run(const Visit& visit) const {
    if (packing.rows == 0) return visit(Index(0), Index(0), size());
    Index k = 0;
    for (Index m = 0; m < packing.stack; ++m) {
      for (Index r = 0; r < packing.rows; ++r) {
        for (Index b = 0; b < packing.blocks; ++b) {
          for (Index u = 0; u < packing.units; u += packing.lanes) {
            const Index count = std::min(packing.lanes, packing.units - u);
            visit(k, packing.place(m, r, b, u), count);
            k += count;
          }
        }
      }
    }
  }
};

/// Numbers to a panel row for a matrix with so many blocks of columns: all blocks of a vector of
/// units, or several vectors of units where there is one block.
template <class Scalar>
Index tile_for(Index blocks) {
  return (blocks == 1 ? kTileVectors : blocks) * kLanes<Scalar>;
}

/// The smallest number of units to a block.
constexpr Index kFewestUnits = 4;

/// Numbers to a block of the last units: a power of two, so that no block crosses a vector (what
/// was just stored as vectors is loaded as blocks), that saves at least one vector; else all lanes.
template <class Scalar>
Index tail_for(Index blocks, Index units) {
  const Index lanes = kLanes<Scalar>, rest = (units - 1) % lanes + 1;
  Index tail = kFewestUnits;
  while (tail < rest) tail *= 2;
  return tail < lanes && padded<Scalar>(blocks * tail) < blocks * lanes ? tail : lanes;
}

/// The packing of `stack` matrices of rows x (blocks * units). whole: blocks of the last units are
/// whole vectors too, as products with some of the blocks need it.
template <class Scalar>
Packing packing(Index stack, Index rows, Index blocks, Index units, bool whole) {
  const Index lanes = kLanes<Scalar>;
  return {stack,
          rows,
          blocks,
          units,
          tile_for<Scalar>(blocks),
          lanes,
          whole ? lanes : tail_for<Scalar>(blocks, units)};
}

}  // namespace echocell
