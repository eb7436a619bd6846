// The part that all recurrent layers share: the input projection of all steps at once, the walk
// through time, masks, dropout, reversal and states. A cell adds the equations of one step.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "layers/layer.hpp"
#include "layers/recurrent/cell.hpp"
#include "layers/recurrent/recurrence.hpp"

namespace echocell {

/// A recurrent layer without its cell, compiled once for all cells.
template <class Scalar>
class RecurrentLayer : public Layer<Scalar> {
 public:
  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  TimeFlow time_flow() const override {
    if (!settings_.return_sequences) return TimeFlow::end;
    return settings_.go_backwards ? TimeFlow::mix : TimeFlow::keep;
  }
  MaskFlow mask_flow() const override {
    return settings_.return_sequences ? MaskFlow::pass : MaskFlow::drop;
  }
  std::vector<Index> state_widths() const override {
    if (!shape_.cell_state) return {settings_.units};
    return {settings_.units, shape_.outputs};
  }
  bool stateful() const override { return settings_.stateful; }
  bool streamable() const override { return !settings_.go_backwards; }
  bool shows_masked_end() const override {
    return settings_.zero_output_for_mask && !settings_.return_sequences;
  }

  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;
  std::vector<Trace<Scalar>> trace(const Pass<Scalar>& pass) const override;

 protected:
  using Walk = Recurrence<Scalar>;

  RecurrentLayer(const RecurrentSettings& settings, const CellShape& shape)
      : settings_(settings), shape_(shape) {}

  /// Fills the gates of the segment with x W + b.
  virtual void project_input(Walk& walk) const;
  /// The way back of project_input.
  virtual void write_kernel_gradient(const Pass<Scalar>& pass, Walk& walk) const;
  virtual void write_input_gradient(const Pass<Scalar>& pass, Walk& walk) const;

  const RecurrentSettings& settings() const { return settings_; }
  Index features() const { return features_; }
  /// The step of the input that is step t of the walk.
  Index source(const Pass<Scalar>& pass, Index t) const {
    return settings_.go_backwards ? pass.input().steps - 1 - t : t;
  }
  /// Whether the output at a step of the slice is 0 because the step is masked.
  bool hides_step(const Pass<Scalar>& pass, Index t, Index b) const {
    return settings_.zero_output_for_mask && !pass.input_mask.valid(t, b);
  }

  /// dh of the walk += the gradient of the outputs at step t; with return_sequences.
  void add_output_gradient(const Pass<Scalar>& pass, Walk& walk, Index t) const;

 private:
  // The calls of the cell, for the steps of the current segment.
  virtual void plan_cell(Walk& walk, bool training, Workspace& workspace) const = 0;
  virtual void forward_steps(const Pass<Scalar>& pass, Walk& walk) const = 0;
  /// Returns false if it was interrupted.
  virtual bool backward_steps(const Pass<Scalar>& pass, Walk& walk) const = 0;
  virtual void write_cell_gradients(Walk& walk) const = 0;
  virtual std::vector<Trace<Scalar>> trace_cell(const Walk& walk) const = 0;

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
  void write_state_gradient(const Pass<Scalar>& pass, const Walk& walk) const;

  RecurrentSettings settings_;
  CellShape shape_;
  Index features_ = 0;
};

/// A recurrent layer: the walk through time with the equations of a Cell, which is a
/// RecurrentCell<Cell, Scalar>. The .cpp of the cell instantiates it, with walk_steps.hpp.
template <class Scalar, class Cell>
class Recurrent : public RecurrentLayer<Scalar> {
 public:
  template <class Options>
  explicit Recurrent(const Options& options) : Recurrent(Cell(options)) {
    static_assert(std::is_base_of_v<RecurrentCell<Cell, Scalar>, Cell>);
  }

 protected:
  using typename RecurrentLayer<Scalar>::Walk;

 private:
  explicit Recurrent(Cell cell)
      : RecurrentLayer<Scalar>(cell.settings(), cell.shape()), cell_(std::move(cell)) {}

  void plan_cell(Walk& walk, bool training, Workspace& workspace) const override;
  void forward_steps(const Pass<Scalar>& pass, Walk& walk) const override;
  bool backward_steps(const Pass<Scalar>& pass, Walk& walk) const override;
  void write_cell_gradients(Walk& walk) const override;
  std::vector<Trace<Scalar>> trace_cell(const Walk& walk) const override;

  Cell cell_;
};

}  // namespace echocell
