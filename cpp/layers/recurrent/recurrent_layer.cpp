#include "layers/recurrent/recurrent_layer.hpp"

#include <algorithm>
#include <string>

#include "layers/dropout.hpp"
#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// So many steps that a look at the interrupt is cheap, so few that it is never late.
Index steps_per_check(Index multiplications_per_step) {
  Index steps = 256;
  while (steps > 1 && steps * multiplications_per_step > 1000000) steps /= 2;
  return steps;
}

}  // namespace

// ---- shapes ------------------------------------------------------------------------------------

/// The packing of `stack` matrices with a column per block and unit. Products with some blocks
/// alone need blocks of whole packets: the cell has such products, or every block sees its own
/// share of what dropout leaves.
template <class Scalar>
Packing RecurrentLayer<Scalar>::columns(Index stack, Index rows) const {
  const bool whole_blocks =
      shape_.blocks_apart || settings_.dropout > 0 || settings_.recurrent_dropout > 0;
  return packing<Scalar>(stack, rows, shape_.blocks, settings_.units, whole_blocks);
}

template <class Scalar>
void RecurrentLayer<Scalar>::build(const Shape& input) {
  if (input.size() != 2 || input[1] < 1) {
    throw std::invalid_argument("a recurrent layer expects input of shape (batch, time steps, " +
                                std::string("features), received ") + to_string(input));
  }
  const Index F = features_ = input[1], H = shape_.units, n = shape_.blocks;
  this->parameters_.clear();
  if (shape_.kernel) this->add_parameter("kernel", {F, n * H}, columns(1, F));
  this->add_parameter("recurrent_kernel", {H, n * H}, columns(1, H));
  if (settings_.use_bias) {
    const Index rows = shape_.bias_rows;
    this->add_parameter("bias", rows == 1 ? Shape{n * H} : Shape{rows, n * H}, columns(rows, 1));
  }
  if (const Index rows = shape_.peepholes) {
    this->add_parameter("peephole_kernel", {rows, H}, packing<Scalar>(rows, 1, 1, H, true));
  }
}

template <class Scalar>
Shape RecurrentLayer<Scalar>::output_shape(const Shape& input) const {
  if (input.size() != 2 || input[1] != features_) {
    throw std::invalid_argument("expected input of shape (None, None, " +
                                std::to_string(features_) + "), received " + to_string(input));
  }
  if (settings_.return_sequences) return {input[0], shape_.outputs};
  return {shape_.outputs};
}

template <class Scalar>
RecurrentExtents RecurrentLayer<Scalar>::extents(const Shape& input, Index batch) const {
  const Packing packing = columns(1, 1);
  RecurrentExtents e;
  e.steps = input[0];
  e.batch = batch;
  e.features = features_;
  e.units = shape_.units;
  e.outputs = shape_.outputs;
  e.blocks = shape_.blocks;
  e.padded_units = padded<Scalar>(e.units);
  e.columns = packing.cols();
  e.tile = packing.tile;
  e.tail = packing.tail;
  e.segment = segment_steps(e.steps, batch * e.columns);
  return e;
}

template <class Scalar>
std::unique_ptr<Cache> RecurrentLayer<Scalar>::plan(const Shape& input, Index batch, Use use,
                                                    Workspace& workspace) const {
  auto walk = std::make_unique<Walk>();
  const RecurrentExtents& e = walk->extents = extents(input, batch);
  walk->truncated = settings_.truncated;
  walk->steps_per_check = steps_per_check(batch * e.units * e.units * e.blocks);

  const bool drops_recurrent = use.training && settings_.recurrent_dropout > 0;
  InputOptions options;
  options.reversed = settings_.go_backwards;
  options.kernel = shape_.kernel;
  options.dropout = use.training ? settings_.dropout : 0;
  options.groups = options.dropout > 0 && drops_recurrent ? e.blocks : 1;
  walk->input.plan(e, options, use, workspace);

  walk->sequence.plan(e, use, workspace);
  if (drops_recurrent) walk->sequence.plan_dropout(workspace);
  if (use.training && !walk->truncated) {
    walk->recurrent_back.plan(e.units, e.columns, e.steps * e.batch, workspace);
  }
  plan_cell(*walk, use.training, workspace);
  walk->checkpoints.plan(e, shape_.cell_state, workspace);
  return walk;
}

// ---- forward -----------------------------------------------------------------------------------

template <class Scalar>
void RecurrentLayer<Scalar>::forward(const Pass<Scalar>& pass) const {
  Walk& walk = static_cast<Walk&>(*pass.cache);
  walk.interrupt = pass.interrupt;
  walk.last_panel_first = !walk.last_panel_first;
  walk.weights.bind(pass.parameters, this->parameters_);
  walk.gradients.bind(pass.gradients, this->parameters_);
  walk.sequence.valid_steps.load(pass.input_mask, settings_.go_backwards);
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

template <class Scalar>
void RecurrentLayer<Scalar>::forward_segment(const Pass<Scalar>& pass, Walk& walk) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  project_input(walk);
  if (sequence.valid_steps.masked()) sequence.clear_ended_rows();
  forward_steps(pass, walk);
}

template <class Scalar>
std::vector<Trace<Scalar>> RecurrentLayer<Scalar>::trace(const Pass<Scalar>& pass) const {
  const auto& walk = static_cast<const Walk&>(*pass.cache);
  if (walk.segments() > 1) {
    throw std::invalid_argument("a trace of " + std::to_string(walk.extents.steps) +
                                " time steps of " + std::to_string(walk.extents.batch) +
                                " samples is too large; trace fewer");
  }
  return trace_cell(walk);
}

template <class Scalar>
void RecurrentLayer<Scalar>::project_input(Walk& walk) const {
  walk.input.project(walk.weights, walk.sequence, walk.interrupt);
}

template <class Scalar>
void RecurrentLayer<Scalar>::load_state(const Pass<Scalar>& pass, Walk& walk) const {
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

template <class Scalar>
void RecurrentLayer<Scalar>::draw_recurrent_dropout(const Pass<Scalar>& pass, Walk& walk) const {
  const RecurrentExtents& e = walk.extents;
  for (Index block = 0; block < e.blocks; ++block) {
    const Random random = pass.random.child(static_cast<std::uint64_t>(e.blocks + block));
    for (Index b = 0; b < e.batch; ++b) {
      ArrayView<Scalar> mask = walk.sequence.dropout.row(block, b);
      if (pass.training) {
        draw_dropout<Scalar>(random, settings_.recurrent_dropout,
                             pass.row(walk.sequence.valid_steps.source(b)), {mask.data(), e.units});
      } else {
        mask.head(e.units).setOnes();
      }
    }
  }
}

/// Whether the last output is 0 because its step, the last that the row has, is masked.
template <class Scalar>
bool RecurrentLayer<Scalar>::hides_end(const Pass<Scalar>& pass, Index b) const {
  Index t = source(pass, pass.input().steps - 1);
  while (t > 0 && !pass.lengths.valid(t, b)) --t;
  return hides_step(pass, t, b);
}

// A masked step repeats the output of the step before it, which is the state h, or is 0. In front
// of the first valid step the output is 0, even where the initial state is not (Keras's `rnn`),
// unless the sequence began in an earlier batch.
template <class Scalar>
void RecurrentLayer<Scalar>::write_output(const Pass<Scalar>& pass, const Walk& walk) const {
  if (!settings_.return_sequences) return write_last_output(pass, walk);
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

template <class Scalar>
void RecurrentLayer<Scalar>::write_last_output(const Pass<Scalar>& pass, const Walk& walk) const {
  const ValidSteps& valid_steps = walk.sequence.valid_steps;
  for (Index k = 0; k < walk.extents.batch; ++k) {
    const Index t = valid_steps.length(k), b = valid_steps.source(k);
    const bool shown = (t > 0 || pass.continues) && !hides_end(pass, b);
    copy_row_or_zero(shown, walk.sequence.h(t).row(k).head(walk.extents.outputs),
                     pass.output.row(0, b));
  }
}

/// Of the sequences that end in this segment.
template <class Scalar>
void RecurrentLayer<Scalar>::write_state(const Pass<Scalar>& pass, const Walk& walk) const {
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

// ---- backward, step by step the mirror of the way forward
// -----------------------------------------

template <class Scalar>
void RecurrentLayer<Scalar>::backward(const Pass<Scalar>& pass) const {
  Walk& walk = static_cast<Walk&>(*pass.cache);
  load_gradient(pass, walk);
  walk.write = Write::set;
  if (walk.sequence.valid_steps.masked() && pass.wants_input_gradient()) {
    pass.input_gradient().array().setZero();
  }
  for (Index k = walk.segments() - 1; k >= 0 && !pass.stopped(); --k) {
    if (k + 1 < walk.segments()) {
      walk.checkpoints.restore(k, walk.sequence);
      forward_segment(pass, walk);
    }
    backward_segment(pass, walk);
    walk.write = Write::add;
  }
  write_state_gradient(pass, walk);
}

template <class Scalar>
void RecurrentLayer<Scalar>::backward_segment(const Pass<Scalar>& pass, Walk& walk) const {
  if (!backward_steps(pass, walk)) return;
  if (walk.gradients.bias) {
    column_sums<Scalar>(walk.sequence.gates, walk.sequence.segment_rows(),
                        walk.gradients.bias_row(0).array(), walk.write);
  }
  write_cell_gradients(walk);
  write_kernel_gradient(pass, walk);
  if (pass.wants_input_gradient()) write_input_gradient(pass, walk);
}

template <class Scalar>
void RecurrentLayer<Scalar>::load_gradient(const Pass<Scalar>& pass, Walk& walk) const {
  const ValidSteps& valid_steps = walk.sequence.valid_steps;
  const Tensor<Scalar>&dh = walk.sequence.dh, &dc = walk.sequence.dc;
  const auto load = [&](std::size_t k, const Tensor<Scalar>& to, Index width) {
    const auto& gradients = pass.final_state_gradient;
    if (k >= gradients.size() || !gradients[k]) {
      to.array().setZero();
      return;
    }
    for (Index b = 0; b < to.batch; ++b) {
      copy_row(gradients[k].row(0, valid_steps.source(b)), to.row(0, b).head(width));
    }
  };
  load(0, dh, walk.extents.units);
  if (dc) load(1, dc, walk.extents.outputs);
  for (Index k = 0; k < walk.extents.batch && !settings_.return_sequences; ++k) {
    const Index b = valid_steps.source(k);
    if (valid_steps.length(k) == 0 || hides_end(pass, b)) continue;
    dh.row(0, k).head(walk.extents.outputs) += pass.output_gradient.row(0, b);
  }
  const auto& wanted = pass.initial_state_gradient;
  walk.state_gradient_wanted = !wanted.empty() && wanted[0];
  if (!walk.truncated) walk.recurrent_back.load(walk.weights.recurrent_kernel);
  if (shape_.kernel && pass.wants_input_gradient()) {
    walk.input.load_kernel(walk.weights.kernel);
  }
}

template <class Scalar>
void RecurrentLayer<Scalar>::add_output_gradient(const Pass<Scalar>& pass, Walk& walk,
                                                 Index t) const {
  const ValidSteps& valid_steps = walk.sequence.valid_steps;
  const Index outputs = walk.extents.outputs;
  const auto add = [&](Index k, Index step, Index b) {
    walk.sequence.dh.row(0, k).head(outputs) += pass.output_gradient.row(step, b).head(outputs);
  };
  for (Index k = 0; k < valid_steps.active(t); ++k) {
    if (!valid_steps.masked()) {
      add(k, t, k);
      continue;
    }
    const auto [from, b] = valid_steps.place(t, k);
    // Masked steps in between repeat the output, or hide it.
    const Index end = settings_.zero_output_for_mask ? from + 1 : valid_steps.place(t + 1, k).t;
    for (Index step = from; step < end; ++step) add(k, step, b);
  }
}

template <class Scalar>
void RecurrentLayer<Scalar>::write_kernel_gradient(const Pass<Scalar>& pass, Walk& walk) const {
  walk.input.write_kernel_gradient(walk.sequence, walk.gradients.kernel, walk.write, pass);
}

template <class Scalar>
void RecurrentLayer<Scalar>::write_input_gradient(const Pass<Scalar>& pass, Walk& walk) const {
  walk.input.write_input_gradient(walk.sequence, pass);
}

template <class Scalar>
void RecurrentLayer<Scalar>::write_state_gradient(const Pass<Scalar>& pass,
                                                  const Walk& walk) const {
  const auto write = [&](std::size_t k, const Tensor<Scalar>& from, Index width) {
    const auto& gradients = pass.initial_state_gradient;
    if (k >= gradients.size() || !gradients[k]) return;
    for (Index b = 0; b < from.batch; ++b) {
      copy_row(from.row(0, b).head(width),
               gradients[k].row(0, walk.sequence.valid_steps.source(b)));
    }
  };
  write(0, walk.sequence.dh, walk.extents.units);
  write(1, walk.sequence.dc, walk.extents.outputs);
}

template class RecurrentLayer<float>;
template class RecurrentLayer<double>;

}  // namespace echocell
