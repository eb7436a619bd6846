// The numbers of a recurrence step by step: views of states and gates.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <type_traits>

#include "layers/parameter.hpp"
#include "layers/recurrent/extents.hpp"
#include "layers/recurrent/valid_steps.hpp"

namespace echocell {

/// Some units of one row of a step: as many as a packet has lanes, or the fewer at the end of a
/// layer. Vector has one number of each.
template <class Vector>
struct Units {
  Index row = 0;
  Index first = 0;   // unit
  Index offset = 0;  // of its number in a matrix [., Hp]

  /// Their numbers in a matrix [., Hp], or in a vector [Hp] for all rows.
  template <class View>
  auto of(View numbers) const {
    using Numbers = std::remove_pointer_t<decltype(numbers.data())>;
    const Index at = View::IsVectorAtCompileTime ? first : offset;
    return Eigen::Map<ConstLike<Numbers, Vector>>(numbers.data() + at);
  }
};

/// The same units in a matrix [., N] in panels, block by block.
template <class Vector>
struct UnitBlocks {
  using Scalar = typename Vector::Scalar;

  Span<Scalar> row;  // of the panel that holds them
  Index column = 0;  // the first one of this panel
  Index offset = 0;  // in the row

  Eigen::Map<Vector> operator[](Index block) const {
    return Vector::Map(row.data + offset + block * Vector::SizeAtCompileTime);
  }
  /// The same units in a row of another matrix.
  UnitBlocks in(const Panels<Scalar>& matrix, Index matrix_row) const {
    const Index width = matrix.width(column);
    return {{matrix.panel(column) + matrix_row * width, width}, column, offset};
  }
};

/// The array type of the units that a visitor is given.
template <class T>
struct VectorOfUnits;
template <class Vector>
struct VectorOfUnits<Units<Vector>> {
  using type = Vector;
};
template <class T>
using VectorOf = typename VectorOfUnits<std::decay_t<T>>::type;

/// Successive steps.
struct WalkSegment {
  Index first = 0, steps = 0;

  Index end() const { return first + steps; }
};

/// States, gates and their gradients, in processing order (reversed where the layer goes
/// backwards). Step t has one row for each sequence that has a state in front of it (ValidSteps);
/// the first active(t) of them take the step, those behind them end there. Row k of h(t + 1) is the
/// state after step t. h is there for all steps; gates and cell states for one segment, usually
/// all.
///
/// Padded units hold zeros in weights and gradients, and nothing reads their states.
template <class Scalar>
class Sequence {
 public:
  ValidSteps valid_steps;
  WalkSegment segment;               // whose gates and cell states are held
  Panels<Scalar> gates;              // [., N]: x W + b, then the gates, then their gradient
  Panels<Scalar> recurrent_gates;    // [B, N]: GRU with reset_after: h R + b of one step
  Panels<Scalar> d_recurrent_gates;  // [., N]: the gradient of these, of all steps; else null
  Tensor<Scalar> dh, dc;             // [1, B, Hp]: the loss by the state in front of the walk
  Tensor<Scalar> scratch;            // [2, B, Hp]
  Tensor<Scalar> dropout;            // [n, B, Hp], or null: the mask of h for each block

  void plan(const RecurrentExtents& extents, Use use, Workspace& workspace) {
    const RecurrentExtents& e = extents_ = extents;
    valid_steps.plan(e.steps, e.batch, use.masked, workspace);
    gates = e.take_panels<Scalar>(e.segment * e.batch, workspace);
    h_ = workspace.tensor<Scalar>(e.steps + 1, e.batch, e.padded_units);
    scratch = workspace.tensor<Scalar>(2, e.batch, e.padded_units);
    if (use.training) dh = workspace.tensor<Scalar>(1, e.batch, e.padded_units);
  }
  void plan_cell_states(bool training, Workspace& workspace) {
    const RecurrentExtents& e = extents_;
    c_ = workspace.tensor<Scalar>(e.segment + 1, e.batch, e.padded_units);
    activated_cell_ = workspace.tensor<Scalar>(e.segment, e.batch, e.padded_units);
    if (training) dc = workspace.tensor<Scalar>(1, e.batch, e.padded_units);
  }
  void plan_candidate_recurrent(Workspace& workspace) {
    const RecurrentExtents& e = extents_;
    candidate_recurrent_ = workspace.tensor<Scalar>(e.segment, e.batch, e.padded_units);
  }
  void plan_recurrent_gates(bool training, Workspace& workspace) {
    const RecurrentExtents& e = extents_;
    recurrent_gates = e.take_panels<Scalar>(e.batch, workspace);
    if (training) d_recurrent_gates = e.take_panels<Scalar>(e.segment * e.batch, workspace);
  }
  /// Lets every block of the recurrent kernel see h under a dropout mask of its own.
  void plan_dropout(Workspace& workspace) {
    const RecurrentExtents& e = extents_;
    dropout = workspace.tensor<Scalar>(e.blocks, e.batch, e.padded_units);
    dropped_h_ = workspace.tensor<Scalar>(e.blocks * e.steps, e.batch, e.padded_units);
  }

  // The views of a step are forced inline: GCC leaves them as calls where several sources are
  // compiled as one, which shows in steps of a few units.

  // Rows.
  EIGEN_ALWAYS_INLINE Index active(Index t) const { return valid_steps.active(t); }
  /// The first row of step t in what holds a segment, and the rows of all its steps.
  EIGEN_ALWAYS_INLINE Index row(Index t) const {
    return valid_steps.start(t) - valid_steps.start(segment.first);
  }
  Index segment_rows() const { return row(segment.end()); }

  // States and what belongs to them, at step t: [rows, Hp].
  EIGEN_ALWAYS_INLINE RowsView<Scalar> h(Index t) const {
    return step(h_, valid_steps.start(t), t);
  }
  EIGEN_ALWAYS_INLINE RowsView<Scalar> c(Index t) const { return step(c_, row(t), t); }
  /// LSTM: out(c(t + 1)).
  EIGEN_ALWAYS_INLINE RowsView<Scalar> activated_cell(Index t) const {
    return step(activated_cell_, row(t), t);
  }
  /// GRU: h Rh + rh, or where the reset comes before this product, r * h.
  EIGEN_ALWAYS_INLINE RowsView<Scalar> candidate_recurrent(Index t) const {
    return step(candidate_recurrent_, row(t), t);
  }
  bool has_cell_states() const { return bool(c_); }
  /// `rows` rows of h from step t on, or what dropout lets a block see of them: [rows, H].
  EIGEN_ALWAYS_INLINE ConstRowsView<Scalar> h_seen(Index block, Index t, Index rows) const {
    if (!dropout) return without_padding<const Scalar>(h(t), rows);
    return without_padding<const Scalar>(dropped_h(block, t), rows);
  }
  /// The first rows of the scratch for states: [rows, Hp].
  RowsView<Scalar> scratch_rows(Index rows) const {
    return rows_view(scratch.data, rows, scratch.width);
  }
  /// `rows` rows from the first of these on: [rows, H].
  template <class AnyScalar>
  RowsView<AnyScalar> without_padding(RowsView<Scalar> states, Index rows) const {
    return rows_view<AnyScalar>(states.data(), rows, extents_.units, extents_.padded_units);
  }

  /// Fills what each block sees of h(t).
  void drop(Index t) const {
    for (Index block = 0; block < extents_.blocks; ++block) {
      dropped_h(block, t) = h(t) * dropout.step(block).topRows(valid_steps.rows(t));
    }
  }
  /// Clears the rows that end within the segment: they take no part in their last step, but in the
  /// sums over all rows.
  void clear_ended_rows() const {
    for (Index t = segment.first; t < segment.end(); ++t) {
      const Index ended = valid_steps.rows(t) - active(t), first = row(t) + active(t);
      fill_rows<Scalar>(nullptr, gates, first, ended);
      if (d_recurrent_gates.data) fill_rows<Scalar>(nullptr, d_recurrent_gates, first, ended);
      if (candidate_recurrent_) candidate_recurrent(t).bottomRows(ended).setZero();
    }
  }

  /// visit(units, gates) for the units of each row that takes step t, as many at a time as a packet
  /// has lanes, or fewer at the end: Units and UnitBlocks.
  template <class Visit>
  EIGEN_ALWAYS_INLINE void for_each_vector(Index t, const Visit& visit) const {
    constexpr Index W = kLanes<Scalar>;
    const RecurrentExtents& e = extents_;
    Index unit = 0;
    for (Index column = 0; column < e.columns; column += e.tile) {
      if constexpr (W > kFewestUnits) {
        if (e.tail < W && gates.width(column) < e.tile) {
          return for_each_tail<W / 2>(t, column, unit, visit);
        }
      }
      unit = for_each_packet_of_panel(t, column, unit, visit);
    }
  }
  /// The same for a cell of one block, whose last units are a whole packet too: see tail_for().
  template <class Visit>
  EIGEN_ALWAYS_INLINE void for_each_packet(Index t, const Visit& visit) const {
    Index unit = 0;
    for (Index column = 0; column < extents_.columns; column += extents_.tile) {
      unit = for_each_packet_of_panel(t, column, unit, visit);
    }
  }

 private:
  /// Of the units from `unit` on, which begin at this column. Returns the first unit behind them.
  template <class Visit>
  EIGEN_ALWAYS_INLINE Index for_each_packet_of_panel(Index t, Index column, Index unit,
                                                     const Visit& visit) const {
    constexpr Index W = kLanes<Scalar>;
    const RecurrentExtents& e = extents_;
    const Index count = active(t), first_row = row(t), width = gates.width(column);
    const UnitBlocks<Packet<Scalar>> first{{}, column, 0};
    Index next = unit;
    for (Index b = 0; b < count; ++b) {
      UnitBlocks<Packet<Scalar>> blocks = first.in(gates, first_row + b);
      next = unit;
      for (; blocks.offset < width; blocks.offset += e.blocks * W, next += W) {
        visit(Units<Packet<Scalar>>{b, next, b * e.padded_units + next}, blocks);
      }
    }
    return next;
  }
  /// The same for the last units, where they are fewer: half a packet, a quarter ..., as tail_for()
  /// says.
  template <Index kUnits, class Visit>
  void for_each_tail(Index t, Index column, Index unit, const Visit& visit) const {
    if constexpr (kUnits > kFewestUnits) {
      if (extents_.tail < kUnits) return for_each_tail<kUnits / 2>(t, column, unit, visit);
    }
    using Vector = FixedArray<Scalar, int(kUnits)>;
    const Index count = active(t), first_row = row(t);
    for (Index b = 0; b < count; ++b) {
      visit(Units<Vector>{b, unit, b * extents_.padded_units + unit},
            UnitBlocks<Vector>{{}, column, 0}.in(gates, first_row + b));
    }
  }

  /// The rows of step t, which begin at this row.
  EIGEN_ALWAYS_INLINE RowsView<Scalar> step(const Tensor<Scalar>& states, Index first,
                                            Index t) const {
    return rows_view(states.data + first * states.width, valid_steps.rows(t), states.width);
  }
  RowsView<Scalar> dropped_h(Index block, Index t) const {
    const Index first = block * extents_.steps * extents_.batch + valid_steps.start(t);
    return step(dropped_h_, first, t);
  }

  RecurrentExtents extents_;
  Tensor<Scalar> h_;                    // [T + 1, B, Hp]
  Tensor<Scalar> c_;                    // [segment + 1, B, Hp]
  Tensor<Scalar> activated_cell_;       // [segment, B, Hp]
  Tensor<Scalar> candidate_recurrent_;  // [segment, B, Hp]
  Tensor<Scalar> dropped_h_;            // [n T, B, Hp]: h(t) under each block's mask
};

}  // namespace echocell
