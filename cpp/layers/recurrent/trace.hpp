// Gates and states over time, for those who look inside a recurrent layer.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <algorithm>

#include "layers/recurrent/recurrence.hpp"
#include "numerics/copy.hpp"

namespace echocell {

/// Room for a number of each of `width` units at each step; zeros.
template <class Scalar>
Trace<Scalar> empty_trace(const char* name, const RecurrentExtents& e, Index width) {
  const auto size = static_cast<std::size_t>(e.steps * e.batch * width);
  return {name, e.steps, e.batch, width, std::vector<Scalar>(size)};
}
template <class Scalar>
Tensor<Scalar> view(Trace<Scalar>& trace) {
  return {trace.numbers.data(), trace.steps, trace.batch, trace.width};
}

/// A block of the gates of the units [first, first + width); zeros at masked steps.
template <class Scalar>
Trace<Scalar> gate_trace(const char* name, const Recurrence<Scalar>& walk, Index block, Index first,
                         Index width) {
  Trace<Scalar> trace = empty_trace<Scalar>(name, walk.extents, width);
  const Tensor<Scalar> numbers = view(trace);
  const ValidSteps& valid_steps = walk.sequence.valid_steps;
  for (Index s = 0; s < valid_steps.longest(); ++s) {
    walk.sequence.for_each_vector(s, [&](const auto& units, const auto& gates) {
      using V = VectorOf<decltype(units)>;
      const Index from = std::max(first, units.first);
      const Index end = std::min(first + width, units.first + V::SizeAtCompileTime);
      if (from >= end) return;
      const auto [t, b] = valid_steps.place(s, units.row);
      const V gate = gates[block];
      ArrayView<Scalar> row = numbers.row(t, b);
      for (Index unit = from; unit < end; ++unit) row[unit - first] = gate[unit - units.first];
    });
  }
  return trace;
}
template <class Scalar>
Trace<Scalar> gate_trace(const char* name, const Recurrence<Scalar>& walk, Index block) {
  return gate_trace(name, walk, block, 0, walk.extents.units);
}

/// A state, h or c, after each step: of the units that are put out.
template <class Scalar>
Trace<Scalar> state_trace(const char* name, const Recurrence<Scalar>& walk,
                          RowsView<Scalar> (Sequence<Scalar>::*state)(Index) const) {
  const Index outputs = walk.extents.outputs;
  Trace<Scalar> trace = empty_trace<Scalar>(name, walk.extents, outputs);
  const Tensor<Scalar> numbers = view(trace);
  walk.sequence.valid_steps.for_each_state([&](Index s, Index k, Index b, Index t) {
    copy_row((walk.sequence.*state)(s).row(k).head(outputs), numbers.row(t, b));
  });
  return trace;
}

}  // namespace echocell
