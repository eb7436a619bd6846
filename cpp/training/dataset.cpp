#include "training/dataset.hpp"

#include <algorithm>

namespace echocell {

template <class S>
Shape part_shape(const Dataset<S>& data, const Part& part) {
  Shape shape = data.sample;
  if (!shape.empty()) shape[0] = part.steps;
  return shape;
}

template <class S>
void gather(const Dataset<S>& data, const Part& part, const Tensor<S>& to) {
  const Index size = volume(data.sample);
  const Index skipped = part.first * (size / data.steps());
  for (Index b = 0; b < to.batch; ++b) {
    const S* from = data.x + part.order[b] * size + skipped;
    for (Index t = 0; t < to.steps; ++t) std::copy_n(from + t * to.width, to.width, to.row(t, b));
  }
}

template <class S>
void scatter(const Tensor<const S>& from, S* samples) {
  for (Index b = 0; b < from.batch; ++b) {
    S* to = samples + b * from.steps * from.width;
    for (Index t = 0; t < from.steps; ++t) {
      std::copy_n(from.row(t, b), from.width, to + t * from.width);
    }
  }
}

#define ECHOCELL_INSTANTIATE(S)                                              \
  template Shape part_shape<S>(const Dataset<S>&, const Part&);              \
  template void gather<S>(const Dataset<S>&, const Part&, const Tensor<S>&); \
  template void scatter<S>(const Tensor<const S>&, S*);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
