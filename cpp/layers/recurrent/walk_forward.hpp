// The bodies of Recurrent, for the .cpp of each cell to instantiate: shapes and the way forward.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <algorithm>

#include "layers/dropout.hpp"
#include "layers/recurrent/recurrence.hpp"
#include "numerics/copy.hpp"

namespace echocell {

/// So many steps that a look at the interrupt is cheap, so few that it is never late.
inline Index steps_per_check(Index multiplications_per_step) {
  Index steps = 256;
  while (steps > 1 && steps * multiplications_per_step > 1000000) steps /= 2;
  return steps;
}

// ---- shapes ------------------------------------------------------------------------------------

/// The packing of `stack` matrices with a column per block and unit. Products with some blocks
/// alone need blocks of whole packets: the cell has such products, or every block sees its own
/// share of what dropout leaves.
template <class Scalar, class Cell>
Packing Recurrent<Scalar, Cell>::columns(Index stack, Index rows) const {
  const bool whole_blocks =
      cell_.shape().blocks_apart || settings().dropout > 0 || settings().recurrent_dropout > 0;
  return packing<Scalar>(stack, rows, cell_.shape().blocks, settings().units, whole_blocks);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::build(const Shape& input) {
  if (input.size() != 2 || input[1] < 1) {
    throw std::invalid_argument("a recurrent layer expects input of shape (batch, time steps, " +
                                std::string("features), received ") + to_string(input));
  }
  const CellShape& shape = cell_.shape();
  const Index F = features_ = input[1], H = shape.units, n = shape.blocks;
  this->parameters_.clear();
  if (shape.kernel) this->add_parameter("kernel", {F, n * H}, columns(1, F));
  this->add_parameter("recurrent_kernel", {H, n * H}, columns(1, H));
  if (settings().use_bias) {
    const Index rows = shape.bias_rows;
    this->add_parameter("bias", rows == 1 ? Shape{n * H} : Shape{rows, n * H}, columns(rows, 1));
  }
  if (const Index rows = shape.peepholes) {
    this->add_parameter("peephole_kernel", {rows, H}, packing<Scalar>(rows, 1, 1, H, true));
  }
}

template <class Scalar, class Cell>
Shape Recurrent<Scalar, Cell>::output_shape(const Shape& input) const {
  if (input.size() != 2 || input[1] != features_) {
    throw std::invalid_argument("expected input of shape (None, None, " +
                                std::to_string(features_) + "), received " + to_string(input));
  }
  if (settings().return_sequences) return {input[0], cell_.shape().outputs};
  return {cell_.shape().outputs};
}

template <class Scalar, class Cell>
RecurrentExtents Recurrent<Scalar, Cell>::extents(const Shape& input, Index batch) const {
  const Packing packing = columns(1, 1);
  RecurrentExtents e;
  e.steps = input[0];
  e.batch = batch;
  e.features = features_;
  e.units = cell_.shape().units;
  e.outputs = cell_.shape().outputs;
  e.blocks = cell_.shape().blocks;
  e.padded_units = padded<Scalar>(e.units);
  e.columns = packing.cols();
  e.tile = packing.tile;
  e.tail = packing.tail;
  e.segment = segment_steps(e.steps, batch * e.columns);
  return e;
}

template <class Scalar, class Cell>
std::unique_ptr<Cache> Recurrent<Scalar, Cell>::plan(const Shape& input, Index batch, Use use,
                                                     Workspace& workspace) const {
  auto walk = std::make_unique<Walk>();
  const RecurrentExtents& e = walk->extents = extents(input, batch);
  walk->truncated = settings().truncated;
  walk->steps_per_check = steps_per_check(batch * e.units * e.units * e.blocks);

  const bool drops_recurrent = use.training && settings().recurrent_dropout > 0;
  InputOptions options;
  options.reversed = settings().go_backwards;
  options.kernel = cell_.shape().kernel;
  options.dropout = use.training ? settings().dropout : 0;
  options.groups = options.dropout > 0 && drops_recurrent ? e.blocks : 1;
  walk->input.plan(e, options, use, workspace);

  walk->sequence.plan(e, use, workspace);
  if (drops_recurrent) walk->sequence.plan_dropout(workspace);
  if (use.training && !walk->truncated) {
    walk->recurrent_back.plan(e.units, e.columns, e.steps * e.batch, workspace);
  }
  cell_.plan(*walk, use.training, workspace);
  walk->checkpoints.plan(e, cell_.shape().cell_state, workspace);
  return walk;
}

// ---- forward -----------------------------------------------------------------------------------

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::forward(const Pass<Scalar>& pass) const {
  Walk& walk = static_cast<Walk&>(*pass.cache);
  walk.interrupt = pass.interrupt;
  walk.last_panel_first = !walk.last_panel_first;
  walk.weights.bind(pass.parameters, this->parameters_);
  walk.gradients.bind(pass.gradients, this->parameters_);
  walk.sequence.valid_steps.load(pass.input_mask, settings().go_backwards);
  walk.sequence.segment = {};
  walk.input.load(pass, walk.sequence.valid_steps);
  load_state(pass, walk);
  for (Index k = 0; k < walk.segments(); ++k) {
    walk.checkpoints.advance(k, walk.sequence);
    forward_segment(pass, walk);
    if (pass.stopped()) return;  // the last states are not there to be written
    write_state(pass, walk);
  }
  write_output(pass, walk);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::forward_segment(const Pass<Scalar>& pass, Walk& walk) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  project_input(walk);
  if (sequence.valid_steps.masked()) sequence.clear_ended_rows();
  for (Index t = sequence.segment.first; t < sequence.segment.end(); ++t) {
    if ((t & (walk.steps_per_check - 1)) == 0 && pass.stopped()) return;
    if (sequence.dropout) sequence.drop(t);
    cell_.forward(walk, t);
  }
}

template <class Scalar, class Cell>
std::vector<Trace<Scalar>> Recurrent<Scalar, Cell>::trace(const Pass<Scalar>& pass) const {
  const auto& walk = static_cast<const Walk&>(*pass.cache);
  if (walk.segments() > 1) {
    throw std::invalid_argument("a trace of " + std::to_string(walk.extents.steps) +
                                " time steps of " + std::to_string(walk.extents.batch) +
                                " samples is too large; trace fewer");
  }
  return cell_.trace(walk);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::project_input(Walk& walk) const {
  walk.input.project(walk.weights, walk.sequence, walk.interrupt);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::load_state(const Pass<Scalar>& pass, Walk& walk) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const auto load = [&](std::size_t k, RowsView<Scalar> to, Index width) {
    if (k >= pass.initial_state.size() || !pass.initial_state[k]) {
      to.setZero();
      return;
    }
    for (Index b = 0; b < to.rows(); ++b) {
      const Index source = sequence.valid_steps.source(b);
      copy_row(pass.initial_state[k].row(0, source), to.row(b).head(width));
    }
  };
  const auto is_null = [](const auto& state) { return !state; };
  walk.starts_from_zero =
      std::all_of(pass.initial_state.begin(), pass.initial_state.end(), is_null);
  if (!walk.starts_from_zero || !walk.zeros_loaded) {
    load(0, sequence.h(0), walk.extents.units);
    if (sequence.has_cell_states()) load(1, sequence.c(0), walk.extents.outputs);
  }
  walk.zeros_loaded = walk.starts_from_zero && walk.segments() == 1;
  if (sequence.dropout) draw_recurrent_dropout(pass, walk);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::draw_recurrent_dropout(const Pass<Scalar>& pass, Walk& walk) const {
  const RecurrentExtents& e = walk.extents;
  for (Index block = 0; block < e.blocks; ++block) {
    const Random random = pass.random.child(static_cast<std::uint64_t>(e.blocks + block));
    for (Index b = 0; b < e.batch; ++b) {
      ArrayView<Scalar> mask = walk.sequence.dropout.row(block, b);
      if (pass.training) {
        draw_dropout<Scalar>(random, settings().recurrent_dropout,
                             pass.row(walk.sequence.valid_steps.source(b)), {mask.data(), e.units});
      } else {
        mask.head(e.units).setOnes();
      }
    }
  }
}

/// Whether the last output is 0 because its step, the last that the row has, is masked.
template <class Scalar, class Cell>
bool Recurrent<Scalar, Cell>::hides_end(const Pass<Scalar>& pass, Index b) const {
  Index t = source(pass, pass.input().steps - 1);
  while (t > 0 && !pass.lengths.valid(t, b)) --t;
  return hides_step(pass, t, b);
}

// A masked step repeats the output of the step before it, which is the state h, or is 0. In front
// of the first valid step the output is 0, even where the initial state is not (Keras's `rnn`),
// unless the sequence began in an earlier batch.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_output(const Pass<Scalar>& pass, const Walk& walk) const {
  if (!settings().return_sequences) return write_last_output(pass, walk);
  const Sequence<Scalar>& sequence = walk.sequence;
  const Index outputs = walk.extents.outputs;
  if (!sequence.valid_steps.masked()) {
    for (Index t = 0; t < walk.extents.steps; ++t) {
      const RowsView<Scalar> h = sequence.h(t + 1);
      for (Index b = 0; b < h.rows(); ++b) {
        copy_row(h.row(b).head(outputs), pass.output.row(t, b).head(outputs));
      }
    }
    return;
  }
  sequence.valid_steps.for_each_state([&](Index s, Index k, Index b, Index t) {
    const bool begun = s > 0 || pass.continues;
    const bool shown = begun && !hides_step(pass, source(pass, t), b);
    copy_row_or_zero(shown, sequence.h(s).row(k).head(outputs),
                     pass.output.row(t, b).head(outputs));
  });
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_last_output(const Pass<Scalar>& pass, const Walk& walk) const {
  const ValidSteps& valid_steps = walk.sequence.valid_steps;
  for (Index k = 0; k < walk.extents.batch; ++k) {
    const Index t = valid_steps.length(k), b = valid_steps.source(k);
    const bool shown = (t > 0 || pass.continues) && !hides_end(pass, b);
    copy_row_or_zero(shown, walk.sequence.h(t).row(k).head(walk.extents.outputs),
                     pass.output.row(0, b));
  }
}

/// Of the sequences that end in this segment.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_state(const Pass<Scalar>& pass, const Walk& walk) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const WalkSegment& segment = sequence.segment;
  const auto write = [&](std::size_t k, Index width, const auto& state_at) {
    if (k >= pass.final_state.size() || !pass.final_state[k]) return;
    for (Index b = 0; b < walk.extents.batch; ++b) {
      const Index t = sequence.valid_steps.length(b);
      if (t > segment.end() || (t <= segment.first && segment.first > 0)) continue;
      copy_row(state_at(t).row(b).head(width),
               pass.final_state[k].row(0, sequence.valid_steps.source(b)));
    }
  };
  write(0, walk.extents.units, [&](Index t) { return sequence.h(t); });
  write(1, walk.extents.outputs, [&](Index t) { return sequence.c(t); });
}

}  // namespace echocell
