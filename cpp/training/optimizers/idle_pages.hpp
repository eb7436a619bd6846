// Which parameters an optimizer may leave alone: those that have had no gradient yet.
//
// Where the gradient is zero and the slots are as they were at the start, an update changes
// nothing, weight decay apart. So it is with the recurrent weights of sequences of one step, and
// with rows of a kernel or an embedding whose feature never came.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "numerics/eigen.hpp"

namespace echocell {

/// The arena in pages of the same size; each is idle until a number of its gradient is not zero.
class IdlePages {
 public:
  explicit IdlePages(Index count)
      : idle_(static_cast<std::size_t>((count + kPage - 1) / kPage), 1),
        left_(static_cast<Index>(idle_.size())) {}

  /// The slots may be anything from now on.
  void wake_all() {
    std::fill(idle_.begin(), idle_.end(), std::uint8_t(0));
    left_ = 0;
  }

  /// visit(first, size) for the runs of [begin, end) that are to be updated with these gradients of
  /// the arena.
  template <class Scalar, class Visit>
  void for_each_busy(const ConstArrayView<Scalar>& gradients, Index begin, Index end,
                     const Visit& visit) {
    if (left_ == 0) return visit(begin, end - begin);
    Index run = begin;
    for (Index at = begin; at < end;) {
      const Index next = std::min(end, (at / kPage + 1) * kPage);
      if (stays_idle<Scalar>(at / kPage, {gradients.data() + at, next - at})) {
        if (at > run) visit(run, at - run);
        run = next;
      }
      at = next;
    }
    if (end > run) visit(run, end - run);
  }

 private:
  static constexpr Index kPage = 256;

  template <class Scalar>
  bool stays_idle(Index page, const ConstArrayView<Scalar>& gradients) {
    std::uint8_t& idle = idle_[static_cast<std::size_t>(page)];
    if (!idle || gradients.abs().sum() == Scalar(0)) return idle != 0;  // NaN is not 0
    idle = 0;
    --left_;
    return false;
  }

  std::vector<std::uint8_t> idle_;  // of each page
  Index left_;                      // pages that are
};

}  // namespace echocell
