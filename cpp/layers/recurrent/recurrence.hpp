// A recurrence over time: what a cell reads and writes at each step, and the products with the
// recurrent kernel.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include "layers/back_product.hpp"
#include "layers/layer.hpp"
#include "layers/recurrent/checkpoints.hpp"
#include "layers/recurrent/input_projection.hpp"

namespace echocell {

/// A recurrence laid out over time for one slice. Forward fills the sequence; backward turns gates
/// into their gradients.
template <class Scalar>
struct Recurrence : Cache {
  RecurrentExtents extents;
  RecurrentWeights<const Scalar> weights;
  RecurrentWeights<Scalar> gradients;  // null in inference
  BackProduct<Scalar> recurrent_back;
  InputProjection<Scalar> input;
  Sequence<Scalar> sequence;
  Checkpoints<Scalar> checkpoints;

  Index steps_per_check = 1;          // from look to look at the interrupt, a power of two
  bool last_panel_first = false;      // at the first step; see add_product
  bool starts_from_zero = false;      // the initial state is: what it is multiplied with is not
  bool zeros_loaded = false;          // h(0) and c(0) hold them
  bool state_gradient_wanted = true;  // of the initial state
  bool truncated = false;             // as in the settings
  Write write = Write::set;           // of weight gradients: those of the first segment, or more
  Interrupt* interrupt = nullptr;

  /// Whether step t begins with a look at the interrupt.
  bool checks_at(Index t) const { return (t & (steps_per_check - 1)) == 0; }
  Index segments() const { return checkpoints.count(sequence.valid_steps.longest()); }
  /// Some blocks of columns, and all of them.
  ColumnRange blocks(Index first, Index count) const { return {first, count, extents.blocks}; }
  ColumnRange all_blocks() const { return blocks(0, extents.blocks); }

  /// target[row ..., blocks] += h(t) R[:, blocks], under the dropout masks.
  void add_recurrent_product(Index t, const Panels<Scalar>& target, Index row,
                             const ColumnRange& blocks) const;
  /// target += gradient(t)[:, blocks] R[:, blocks]^T, under the dropout masks: the way back of
  /// add_recurrent_product. target [., Hp], gradient is like the gates.
  void add_recurrent_product_back(Index t, const ConstPanels<Scalar>& gradient,
                                  RowsView<Scalar> target, const ColumnRange& blocks) const;
  /// gradients.recurrent_kernel[:, blocks] = or += sum over the segment of h(t)^T
  /// gradient(t)[:, blocks], under the dropout masks.
  void write_recurrent_kernel_gradient(const ConstPanels<Scalar>& gradient,
                                       const ColumnRange& blocks) const;
};

}  // namespace echocell
