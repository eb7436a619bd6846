// The recurrence that all recurrent layers share: the input projection of all steps at once, the
// walk through time, masks, dropout, reversal and states. A cell adds the equations of one step.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <string>
#include <vector>

#include "layers/back_product.hpp"
#include "layers/interruptible.hpp"
#include "layers/layer.hpp"
#include "layers/recurrent/cell.hpp"
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

  Index segments() const { return checkpoints.count(sequence.valid_steps.longest()); }
  /// Some blocks of columns, and all of them.
  ColumnRange blocks(Index first, Index count) const { return {first, count, extents.blocks}; }
  ColumnRange all_blocks() const { return blocks(0, extents.blocks); }

  /// target[row ..., blocks] += h(t) R[:, blocks], under the dropout masks.
  void add_recurrent_product(Index t, const Panels<Scalar>& target, Index row,
                             const ColumnRange& blocks) const {
    if (t == 0 && starts_from_zero) return;
    const Index rows = sequence.active(t);
    if (!sequence.dropout) {
      const bool odd = (t & 1) != 0;
      add_product(sequence.h_seen(0, t, rows), weights.recurrent_kernel, target, row, blocks,
                  odd != last_panel_first);
      return;
    }
    for_each_block(blocks, [&](const ColumnRange& block) {
      add_product(sequence.h_seen(block.first, t, rows), weights.recurrent_kernel, target, row,
                  block);
    });
  }

  /// target += gradient(t)[:, blocks] R[:, blocks]^T, under the dropout masks: the way back of
  /// add_recurrent_product. target [., Hp], gradient is like the gates.
  void add_recurrent_product_back(Index t, const ConstPanels<Scalar>& gradient,
                                  RowsView<Scalar> target, const ColumnRange& blocks) const {
    if (truncated || (t == 0 && !state_gradient_wanted)) return;
    const Index rows = sequence.active(t);
    if (!sequence.dropout) {
      recurrent_back.add(gradient, sequence.row(t),
                         sequence.template without_padding<Scalar>(target, rows), blocks);
      return;
    }
    for_each_block(blocks, [&](const ColumnRange& block) {
      RowsView<Scalar> product = sequence.scratch_rows(rows);
      product.setZero();
      recurrent_back.add(gradient, sequence.row(t),
                         sequence.template without_padding<Scalar>(product, rows), block);
      rows_view(target.data(), rows, target.cols()) +=
          product * sequence.dropout.step(block.first).topRows(rows);
    });
  }

  /// gradients.recurrent_kernel[:, blocks] = or += sum over the segment of h(t)^T
  /// gradient(t)[:, blocks], under the dropout masks.
  void write_recurrent_kernel_gradient(const ConstPanels<Scalar>& gradient,
                                       const ColumnRange& blocks) const {
    const WalkSegment& segment = sequence.segment;
    const bool skips_first = segment.first == 0 && segment.steps > 0 && starts_from_zero;
    const Index t = segment.first + (skips_first ? 1 : 0);
    const Index row = sequence.row(t), rows = sequence.segment_rows() - row;
    const auto write_blocks = [&](const ColumnRange& part) {
      product_tn_in_pieces(interrupt, sequence.h_seen(part.first, t, rows), gradient, row,
                           gradients.recurrent_kernel, write, part);
    };
    if (!sequence.dropout) return write_blocks(blocks);
    for_each_block(blocks, write_blocks);
  }

 private:
  template <class Work>
  static void for_each_block(const ColumnRange& blocks, const Work& work) {
    for (Index k = 0; k < blocks.count; ++k) work(ColumnRange{blocks.first + k, 1, blocks.of});
  }
};

/// A recurrent layer: the walk through time with the equations of a Cell, which is a
/// RecurrentCell<Cell, Scalar>.
template <class Scalar, class Cell>
class Recurrent : public Layer<Scalar> {
 public:
  template <class Options>
  explicit Recurrent(const Options& options) : cell_(options) {
    static_assert(std::is_base_of_v<RecurrentCell<Cell, Scalar>, Cell>);
  }

  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  TimeFlow time_flow() const override {
    if (!settings().return_sequences) return TimeFlow::end;
    return settings().go_backwards ? TimeFlow::mix : TimeFlow::keep;
  }
  MaskFlow mask_flow() const override {
    return settings().return_sequences ? MaskFlow::pass : MaskFlow::drop;
  }
  std::vector<Index> state_widths() const override {
    if (!cell_.shape().cell_state) return {settings().units};
    return {settings().units, cell_.shape().outputs};
  }
  bool stateful() const override { return settings().stateful; }
  bool streamable() const override { return !settings().go_backwards; }
  bool shows_masked_end() const override {
    return settings().zero_output_for_mask && !settings().return_sequences;
  }

  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;
  std::vector<Trace<Scalar>> trace(const Pass<Scalar>& pass) const override;

 protected:
  using Walk = Recurrence<Scalar>;

  /// Fills the gates of the segment with x W + b.
  virtual void project_input(Walk& walk) const;
  /// The way back of project_input.
  virtual void write_kernel_gradient(const Pass<Scalar>& pass, Walk& walk) const;
  virtual void write_input_gradient(const Pass<Scalar>& pass, Walk& walk) const;

  const RecurrentSettings& settings() const { return cell_.settings(); }
  Index features() const { return features_; }
  /// The step of the input that is step t of the walk.
  Index source(const Pass<Scalar>& pass, Index t) const {
    return settings().go_backwards ? pass.input().steps - 1 - t : t;
  }
  /// Whether the output at a step of the slice is 0 because the step is masked.
  bool hides_step(const Pass<Scalar>& pass, Index t, Index b) const {
    return settings().zero_output_for_mask && !pass.input_mask.valid(t, b);
  }

 private:
  RecurrentExtents extents(const Shape& input, Index batch) const;
  Packing columns(Index stack, Index rows) const;
  void forward_segment(const Pass<Scalar>& pass, Walk& walk) const;
  void load_state(const Pass<Scalar>& pass, Walk& walk) const;
  void draw_recurrent_dropout(const Pass<Scalar>& pass, Walk& walk) const;
  bool hides_end(const Pass<Scalar>& pass, Index b) const;
  void write_output(const Pass<Scalar>& pass, const Walk& walk) const;
  void write_last_output(const Pass<Scalar>& pass, const Walk& walk) const;
  void write_state(const Pass<Scalar>& pass, const Walk& walk) const;
  void backward_segment(const Pass<Scalar>& pass, Walk& walk) const;
  void load_gradient(const Pass<Scalar>& pass, Walk& walk) const;
  void add_output_gradient(const Pass<Scalar>& pass, Walk& walk, Index t) const;
  void write_state_gradient(const Pass<Scalar>& pass, const Walk& walk) const;

  Cell cell_;
  Index features_ = 0;
};

}  // namespace echocell
