#include "training/dataset.hpp"

#include <algorithm>

#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// Row b at step t of a part. The ids of an Embedding have one axis: all of them are one row.
template <class S>
S* step_of(const Tensor<S>& to, Index steps, Index numbers, Index t, Index b) {
  return to.steps == steps ? to.row(t, b) : to.row(0, b) + t * numbers;
}

/// gather() where rows end at steps of their own.
template <class S>
void gather_padded(const Dataset<S>& data, const Part& part, const Tensor<S>& to) {
  const Index numbers = to.steps * to.width / part.steps;  // of one step
  for (Index b = 0; b < to.batch; ++b) {
    const Index k = part.order[b];
    const Span span = span_of(data, part, k);
    const S* from = data.x + (data.start(k) + span.from) * numbers;
    for (Index t = 0; t < part.steps; ++t) {
      S* step = step_of(to, part.steps, numbers, t, b);
      if (t < span.at || t >= span.at + span.count) {
        std::fill_n(step, numbers, S(0));
      } else {
        std::copy_n(from + (t - span.at) * numbers, numbers, step);
      }
    }
  }
}

}  // namespace

template <class S>
Span span_of(const Dataset<S>& data, const Part& part, Index k) {
  const Index begin = part.end > 0 ? part.end - data.length(k) : 0;
  const Index first = std::max(part.first, begin);
  const Index last = std::min(part.first + part.steps, begin + data.length(k));
  if (last <= first) return {};
  return {first - begin, first - part.first, last - first};
}

template <class S>
Shape part_shape(const Dataset<S>& data, const Part& part) {
  Shape shape = data.sample;
  if (!shape.empty()) shape[0] = part.steps;
  return shape;
}

template <class S>
void gather(const Dataset<S>& data, const Part& part, const Tensor<S>& to) {
  if (data.ragged()) {
    gather_padded(data, part, to);
    return;
  }
  const Index size = volume(data.sample);
  const Index skipped = part.first == 0 ? 0 : part.first * (size / data.steps());
  for (Index b = 0; b < to.batch; ++b) {
    const S* from = data.x + part.order[b] * size + skipped;
    for (Index t = 0; t < to.steps; ++t) copy_numbers(from + t * to.width, to.width, to.row(t, b));
  }
}

template <class S>
void gather_lengths(const Dataset<S>& data, const Part& part, const Mask& to) {
  for (Index b = 0; b < to.batch; ++b) {
    const Span span = span_of(data, part, part.order[b]);
    for (Index t = 0; t < to.steps; ++t) {
      to.data[t * to.batch + b] = t >= span.at && t < span.at + span.count ? 1 : 0;
    }
  }
}

template <class S>
void scatter(const Dataset<S>& data, const Part& part, const Tensor<const S>& from, bool timed,
             S* samples) {
  const bool ragged = timed && data.ragged();
  for (Index b = 0; b < from.batch; ++b) {
    const Index k = part.order[b];
    const Index steps = ragged ? data.length(k) : from.steps;
    S* to = samples + (ragged ? data.start(k) : k * from.steps) * from.width;
    for (Index t = 0; t < steps; ++t)
      copy_numbers<S>(from.row(t, b), from.width, to + t * from.width);
  }
}

#define ECHOCELL_INSTANTIATE(S)                                                 \
  template Span span_of<S>(const Dataset<S>&, const Part&, Index);              \
  template Shape part_shape<S>(const Dataset<S>&, const Part&);                 \
  template void gather<S>(const Dataset<S>&, const Part&, const Tensor<S>&);    \
  template void gather_lengths<S>(const Dataset<S>&, const Part&, const Mask&); \
  template void scatter<S>(const Dataset<S>&, const Part&, const Tensor<const S>&, bool, S*);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
