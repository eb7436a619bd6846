// The bodies of Recurrent, for the .cpp of each cell to instantiate: the way back, step by step the
// mirror of the way forward.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include "layers/recurrent/walk_forward.hpp"

namespace echocell {

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::backward(const Pass<Scalar>& pass) const {
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

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::backward_segment(const Pass<Scalar>& pass, Walk& walk) const {
  const WalkSegment& segment = walk.sequence.segment;
  for (Index t = segment.end() - 1; t >= segment.first; --t) {
    if ((t & (walk.steps_per_check - 1)) == 0 && pass.stopped()) return;
    if (settings().return_sequences) add_output_gradient(pass, walk, t);
    cell_.backward(walk, t);
  }
  if (walk.gradients.bias) {
    column_sums<Scalar>(walk.sequence.gates, walk.sequence.segment_rows(),
                        walk.gradients.bias_row(0).array(), walk.write);
  }
  cell_.write_weight_gradients(walk);
  write_kernel_gradient(pass, walk);
  if (pass.wants_input_gradient()) write_input_gradient(pass, walk);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::load_gradient(const Pass<Scalar>& pass, Walk& walk) const {
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
  for (Index k = 0; k < walk.extents.batch && !settings().return_sequences; ++k) {
    const Index b = valid_steps.source(k);
    if (valid_steps.length(k) == 0 || hides_end(pass, b)) continue;
    dh.row(0, k).head(walk.extents.outputs) += pass.output_gradient.row(0, b);
  }
  const auto& wanted = pass.initial_state_gradient;
  walk.state_gradient_wanted = !wanted.empty() && wanted[0];
  if (!walk.truncated) walk.recurrent_back.load(walk.weights.recurrent_kernel);
  if (cell_.shape().kernel && pass.wants_input_gradient()) {
    walk.input.load_kernel(walk.weights.kernel);
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::add_output_gradient(const Pass<Scalar>& pass, Walk& walk,
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
    const Index end = settings().zero_output_for_mask ? from + 1 : valid_steps.place(t + 1, k).t;
    for (Index step = from; step < end; ++step) add(k, step, b);
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_kernel_gradient(const Pass<Scalar>& pass, Walk& walk) const {
  walk.input.write_kernel_gradient(walk.sequence, walk.gradients.kernel, walk.write, pass);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_input_gradient(const Pass<Scalar>& pass, Walk& walk) const {
  walk.input.write_input_gradient(walk.sequence, pass);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_state_gradient(const Pass<Scalar>& pass,
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

}  // namespace echocell
