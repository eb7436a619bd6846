#include "layers/recurrent/valid_steps.hpp"

#include <algorithm>

namespace echocell {

void ValidSteps::plan(Index T, Index B, bool masked, Workspace& workspace) {
  T_ = T, B_ = B;
  if (!masked) return;
  length_ = workspace.span<Index>(B);
  order_ = workspace.span<Index>(B);
  start_ = workspace.span<Index>(T + 2);
  place_ = workspace.span<Place>((T + 1) * B);
}

void ValidSteps::load(const Mask& mask, bool reversed) {
  masked_ = false;
  if (!mask || B_ == 0) return;
  std::fill_n(length_.data, B_, Index(0));
  for (Index t = 0; t < T_; ++t) {
    for (Index b = 0; b < B_; ++b) length_.data[b] += mask.valid(t, b) ? 1 : 0;
  }
  masked_ = std::any_of(length_.data, length_.data + B_, [&](Index length) { return length < T_; });
  if (!masked_) return;
  sort();
  list_places(mask, reversed);
}

/// Length and order of the sequences, and where each step starts.
void ValidSteps::sort() {
  Index *length = length_.data, *order = order_.data, *start = start_.data;
  for (Index b = 0; b < B_; ++b) order[b] = b;
  std::sort(order, order + B_, [&](Index a, Index b) {
    return length[a] > length[b] || (length[a] == length[b] && a < b);
  });
  std::sort(length, length + B_, [](Index a, Index b) { return a > b; });
  start[0] = 0;
  Index rows = B_;
  for (Index t = 0; t <= longest(); ++t) {
    while (length[rows - 1] < t) --rows;
    start[t + 1] = start[t] + rows;
  }
}

void ValidSteps::list_places(const Mask& mask, bool reversed) {
  for (Index k = 0; k < B_; ++k) {
    const Index b = source(k);
    Index step = 0;
    for (Index t = 0; t < T_; ++t) {
      if (mask.valid(reversed ? T_ - 1 - t : t, b)) place_.data[start(step++) + k] = {t, b};
    }
    place_.data[start(step) + k] = {T_, b};
  }
}

}  // namespace echocell
