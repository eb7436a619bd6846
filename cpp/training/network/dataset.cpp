#include "training/network/dataset.hpp"

#include <algorithm>

#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// Row b at step t of a part. The ids of an Embedding have one axis: all of them are one row.
template <class Scalar>
ArrayView<Scalar> step_of(const Tensor<Scalar>& to, Index steps, Index t, Index b) {
  const Index width = to.steps * to.width / steps;
  return to.steps == steps ? to.row(t, b)
                           : ArrayView<Scalar>(to.row(0, b).data() + t * width, width);
}

/// gather() where rows end at steps of their own.
template <class Scalar>
void gather_padded(const Dataset<Scalar>& data, const Part& part, const Tensor<Scalar>& to) {
  const ConstRowsView<Scalar> steps = data.step_rows();
  for (Index b = 0; b < to.batch; ++b) {
    const Index k = part.order[b];
    const StepRange span = steps_of(data, part, k);
    const Index first = data.start(k) + span.from - span.at;
    for (Index t = 0; t < part.steps; ++t) {
      ArrayView<Scalar> step = step_of(to, part.steps, t, b);
      if (span.holds(t)) {
        step = row_of(steps, first + t);
      } else {
        step.setZero();
      }
    }
  }
}

}  // namespace

template <class Scalar>
StepRange steps_of(const Dataset<Scalar>& data, const Part& part, Index k) {
  const Index begin = part.end > 0 ? part.end - data.length(k) : 0;
  const Index first = std::max(part.first, begin);
  const Index last = std::min(part.first + part.steps, begin + data.length(k));
  if (last <= first) return {};
  return {first - begin, first - part.first, last - first};
}

template <class Scalar>
void gather(const Dataset<Scalar>& data, const Part& part, const Tensor<Scalar>& to) {
  if (data.ragged()) return gather_padded(data, part, to);
  const Index size = volume(data.sample);
  const Index skipped = part.first == 0 ? 0 : part.first * (size / data.steps());
  for (Index b = 0; b < to.batch; ++b) {
    const Scalar* from = data.x.data + part.order[b] * size + skipped;
    for (Index t = 0; t < to.steps; ++t) {
      copy_numbers(from + t * to.width, to.width, to.row(t, b).data());
    }
  }
}

template <class Scalar>
void gather_lengths(const Dataset<Scalar>& data, const Part& part, const Mask& to) {
  for (Index b = 0; b < to.batch; ++b) {
    const StepRange span = steps_of(data, part, part.order[b]);
    for (Index t = 0; t < to.steps; ++t) to.data[t * to.batch + b] = span.holds(t);
  }
}

template <class Scalar>
void scatter(const Dataset<Scalar>& data, const Part& part, const Tensor<const Scalar>& from,
             bool timed, Span<Scalar> samples) {
  const bool ragged = timed && data.ragged();
  for (Index b = 0; b < from.batch; ++b) {
    const Index k = part.order[b];
    const Index first = ragged ? data.start(k) : k * from.steps;
    const Index steps = ragged ? data.length(k) : from.steps;
    for (Index t = 0; t < steps; ++t) {
      copy_numbers(from.row(t, b).data(), from.width, samples.data + (first + t) * from.width);
    }
  }
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                              \
  template StepRange steps_of<Scalar>(const Dataset<Scalar>&, const Part&, Index);                \
  template void gather<Scalar>(const Dataset<Scalar>&, const Part&, const Tensor<Scalar>&);       \
  template void gather_lengths<Scalar>(const Dataset<Scalar>&, const Part&, const Mask&);         \
  template void scatter<Scalar>(const Dataset<Scalar>&, const Part&, const Tensor<const Scalar>&, \
                                bool, Span<Scalar>);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
