// The bodies of Recurrent, for the .cpp of each cell to instantiate: the loops over the steps.
#pragma once

#include "layers/recurrent/recurrent_layer.hpp"

namespace echocell {

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::plan_cell(Walk& walk, bool training, Workspace& workspace) const {
  cell_.plan(walk, training, workspace);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::forward_steps(const Pass<Scalar>& pass, Walk& walk) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  for (Index t = sequence.segment.first; t < sequence.segment.end(); ++t) {
    if (walk.checks_at(t) && pass.stopped()) return;
    if (sequence.dropout) sequence.drop(t);
    cell_.forward(walk, t);
  }
}

template <class Scalar, class Cell>
bool Recurrent<Scalar, Cell>::backward_steps(const Pass<Scalar>& pass, Walk& walk) const {
  const WalkSegment& segment = walk.sequence.segment;
  for (Index t = segment.end() - 1; t >= segment.first; --t) {
    if (walk.checks_at(t) && pass.stopped()) return false;
    if (this->settings().return_sequences) this->add_output_gradient(pass, walk, t);
    cell_.backward(walk, t);
  }
  return true;
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_cell_gradients(Walk& walk) const {
  cell_.write_weight_gradients(walk);
}

template <class Scalar, class Cell>
std::vector<Trace<Scalar>> Recurrent<Scalar, Cell>::trace_cell(const Walk& walk) const {
  return cell_.trace(walk);
}

}  // namespace echocell
