#include "layers/recurrent/valid_steps.hpp"

#include <algorithm>

namespace echocell {

void ValidSteps::plan(Index T, Index B, Workspace& workspace) {
  T_ = T, B_ = B;
  length_ = workspace.take<Index>(B);
  order_ = workspace.take<Index>(B);
  start_ = workspace.take<Index>(T + 2);
  place_ = workspace.take<Place>((T + 1) * B);
}

void ValidSteps::load(const Mask& mask, bool reversed) {
  std::fill_n(length_, B_, Index(0));
  for (Index t = 0; t < T_; ++t) {
    for (Index b = 0; b < B_; ++b) length_[b] += mask.valid(t, b) ? 1 : 0;
  }
  sort();
  if (!all()) list_places(mask, reversed);
}

/// Length and order of the sequences, and where each step starts.
void ValidSteps::sort() {
  for (Index b = 0; b < B_; ++b) order_[b] = b;
  std::sort(order_, order_ + B_, [&](Index a, Index b) {
    return length_[a] > length_[b] || (length_[a] == length_[b] && a < b);
  });
  std::sort(length_, length_ + B_, [](Index a, Index b) { return a > b; });
  start_[0] = 0;
  Index rows = B_;
  for (Index t = 0; t <= longest(); ++t) {
    while (length_[rows - 1] < t) --rows;
    start_[t + 1] = start_[t] + rows;
  }
}

void ValidSteps::list_places(const Mask& mask, bool reversed) {
  for (Index k = 0; k < B_; ++k) {
    const Index b = order_[k];
    Index step = 0;
    for (Index t = 0; t < T_; ++t) {
      if (mask.valid(reversed ? T_ - 1 - t : t, b)) place_[start_[step++] + k] = {t, b};
    }
    place_[start_[step] + k] = {T_, b};
  }
}

}  // namespace echocell
