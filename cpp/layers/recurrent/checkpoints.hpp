// Long sequences in segments, so that their gates need not all be kept.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include "layers/recurrent/sequence.hpp"

namespace echocell {

/// Gates and cell states are kept for one segment of steps at a time, usually all of them. Where
/// that would take too much memory, a segment is some sqrt(T) steps, the cell state at the start of
/// each is kept, and backward runs forward again from there (Chen, Xu, Zhang & Guestrin 2016,
/// "Training deep nets with sublinear memory cost").
template <class Scalar>
class Checkpoints {
 public:
  void plan(const RecurrentExtents& extents, bool cell_states, Workspace& workspace) {
    segment_ = extents.segment;
    const Index segments = count(extents.steps);
    if (!cell_states || segments <= 1) return;
    c_starts_ = workspace.tensor<Scalar>(segments, extents.batch, extents.padded_units);
  }

  /// The segments of so many steps.
  Index count(Index steps) const {
    if (steps <= segment_) return segment_ == 0 ? 0 : 1;
    return (steps + segment_ - 1) / segment_;
  }
  /// Goes on to segment k, the next one on the way forward.
  void advance(Index k, Sequence<Scalar>& sequence) const {
    if (k == 0 || !sequence.has_cell_states()) {
      sequence.segment = segment(k, sequence);
    } else {
      const RowsView<Scalar> c = sequence.c(k * segment_);  // where the segment before ends
      sequence.segment = segment(k, sequence);
      sequence.c(k * segment_) = c;
    }
    if (c_starts_) c_start(k, sequence) = sequence.c(k * segment_);
  }
  /// Goes back to segment k, for forward to run there again.
  void restore(Index k, Sequence<Scalar>& sequence) const {
    sequence.segment = segment(k, sequence);
    if (c_starts_) sequence.c(k * segment_) = c_start(k, sequence);
  }

 private:
  WalkSegment segment(Index k, const Sequence<Scalar>& sequence) const {
    const Index first = k * segment_;
    return {first, std::min(segment_, sequence.valid_steps.longest() - first)};
  }
  RowsView<Scalar> c_start(Index k, const Sequence<Scalar>& sequence) const {
    RowsView<Scalar> start = c_starts_.step(k);
    return rows_view(start.data(), sequence.valid_steps.rows(k * segment_), start.cols());
  }

  Index segment_ = 0;        // steps
  Tensor<Scalar> c_starts_;  // [segments, B, Hp], or null: there is one segment
};

}  // namespace echocell
