#include "layers/recurrent/trace.hpp"

#include <algorithm>

#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// Room for a number of each of `width` units at each step; zeros.
template <class Scalar>
Trace<Scalar> empty_trace(const char* name, const RecurrentExtents& e, Index width) {
  const auto size = static_cast<std::size_t>(e.steps * e.batch * width);
  return {name, e.steps, e.batch, width, std::vector<Scalar>(size)};
}
template <class Scalar>
Tensor<Scalar> numbers_of(Trace<Scalar>& trace) {
  return {trace.numbers.data(), trace.steps, trace.batch, trace.width};
}

}  // namespace

template <class Scalar>
Trace<Scalar> gate_trace(const char* name, const Recurrence<Scalar>& walk, Index block, Index first,
                         Index width) {
  Trace<Scalar> trace = empty_trace<Scalar>(name, walk.extents, width);
  const Tensor<Scalar> numbers = numbers_of(trace);
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
Trace<Scalar> state_trace(const char* name, const Recurrence<Scalar>& walk,
                          RowsView<Scalar> (Sequence<Scalar>::*state)(Index) const) {
  const Index outputs = walk.extents.outputs;
  Trace<Scalar> trace = empty_trace<Scalar>(name, walk.extents, outputs);
  const Tensor<Scalar> numbers = numbers_of(trace);
  walk.sequence.valid_steps.for_each_state([&](Index s, Index k, Index b, Index t) {
    copy_row((walk.sequence.*state)(s).row(k).head(outputs), numbers.row(t, b));
  });
  return trace;
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                              \
  template Trace<Scalar> gate_trace(const char*, const Recurrence<Scalar>&, Index, Index, Index); \
  template Trace<Scalar> state_trace(const char*, const Recurrence<Scalar>&,                      \
                                     RowsView<Scalar> (Sequence<Scalar>::*)(Index) const);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
