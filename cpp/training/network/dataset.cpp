#include "training/network/dataset.hpp"

#include <algorithm>

#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// Row b at step t of a part. The ids of an Embedding have one axis: all of them are one row.
template <class Scalar>
Scalar* step_of(const Tensor<Scalar>& to, Index steps, Index numbers, Index t, Index b) {
  return to.steps == steps ? to.row(t, b).data() : to.row(0, b).data() + t * numbers;
}

/// gather() where rows end at steps of their own.
template <class Scalar>
void gather_padded(const Dataset<Scalar>& data, const Part& part, const Tensor<Scalar>& to) {
  const Index numbers = to.steps * to.width / part.steps;  // of one step
  for (Index b = 0; b < to.batch; ++b) {
    const Index k = part.order[b];
    const StepRange span = steps_of(data, part, k);
    const Scalar* from = data.x + (data.start(k) + span.from) * numbers;
    for (Index t = 0; t < part.steps; ++t) {
      Scalar* step = step_of(to, part.steps, numbers, t, b);
      if (t < span.at || t >= span.at + span.count) {
        std::fill_n(step, numbers, Scalar(0));
      } else {
        std::copy_n(from + (t - span.at) * numbers, numbers, step);
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
Shape part_shape(const Dataset<Scalar>& data, const Part& part) {
  Shape shape = data.sample;
  if (!shape.empty()) shape[0] = part.steps;
  return shape;
}

template <class Scalar>
void gather(const Dataset<Scalar>& data, const Part& part, const Tensor<Scalar>& to) {
  if (data.ragged()) {
    gather_padded(data, part, to);
    return;
  }
  const Index size = volume(data.sample);
  const Index skipped = part.first == 0 ? 0 : part.first * (size / data.steps());
  for (Index b = 0; b < to.batch; ++b) {
    const Scalar* from = data.x + part.order[b] * size + skipped;
    for (Index t = 0; t < to.steps; ++t)
      copy_numbers(from + t * to.width, to.width, to.row(t, b).data());
  }
}

template <class Scalar>
void gather_lengths(const Dataset<Scalar>& data, const Part& part, const Mask& to) {
  for (Index b = 0; b < to.batch; ++b) {
    const StepRange span = steps_of(data, part, part.order[b]);
    for (Index t = 0; t < to.steps; ++t) {
      to.data[t * to.batch + b] = t >= span.at && t < span.at + span.count ? 1 : 0;
    }
  }
}

template <class Scalar>
void scatter(const Dataset<Scalar>& data, const Part& part, const Tensor<const Scalar>& from,
             bool timed, Scalar* samples) {
  const bool ragged = timed && data.ragged();
  for (Index b = 0; b < from.batch; ++b) {
    const Index k = part.order[b];
    const Index steps = ragged ? data.length(k) : from.steps;
    Scalar* to = samples + (ragged ? data.start(k) : k * from.steps) * from.width;
    for (Index t = 0; t < steps; ++t)
      copy_numbers<Scalar>(from.row(t, b).data(), from.width, to + t * from.width);
  }
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                              \
  template StepRange steps_of<Scalar>(const Dataset<Scalar>&, const Part&, Index);                \
  template Shape part_shape<Scalar>(const Dataset<Scalar>&, const Part&);                         \
  template void gather<Scalar>(const Dataset<Scalar>&, const Part&, const Tensor<Scalar>&);       \
  template void gather_lengths<Scalar>(const Dataset<Scalar>&, const Part&, const Mask&);         \
  template void scatter<Scalar>(const Dataset<Scalar>&, const Part&, const Tensor<const Scalar>&, \
                                bool, Scalar*);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
