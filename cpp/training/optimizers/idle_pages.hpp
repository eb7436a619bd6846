// Which parameters an optimizer may leave alone: those that have had no gradient yet.
//
// Where the gradient is zero and the slots are as they were at the start, an update changes
// nothing, weight decay apart. So it is with the recurrent weights of sequences of one step, and
// with rows of a kernel or an embedding whose feature never came.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "numerics/packet.hpp"

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

  /// visit(first, size) for the runs of [begin, end) that are to be updated with this gradient of
  /// the arena.
  template <class Scalar, class Visit>
  void for_each_busy(const Scalar* gradient, Index begin, Index end, const Visit& visit) {
    if (left_ == 0) return visit(begin, end - begin);
    Index run = begin;
    for (Index at = begin; at < end;) {
      const Index next = std::min(end, (at / kPage + 1) * kPage);
      if (stays_idle(at / kPage, gradient + at, next - at)) {
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
  bool stays_idle(Index page, const Scalar* gradient, Index size) {
    std::uint8_t& idle = idle_[static_cast<std::size_t>(page)];
    if (!idle || all_zero(gradient, size)) return idle != 0;
    idle = 0;
    --left_;
    return false;
  }

  /// NaN is not zero. size: whole packets.
  template <class Scalar>
  static bool all_zero(const Scalar* numbers, Index size) {
    using V = Packet<Scalar>;
    constexpr Index W = kLanes<Scalar>;
    V sizes = V::Zero(), more = V::Zero(), still_more = V::Zero(), last = V::Zero();
    Index k = 0;
    for (; k + 4 * W <= size; k += 4 * W) {  // four sums, so that additions need not wait
      sizes += V::Map(numbers + k).abs();
      more += V::Map(numbers + k + W).abs();
      still_more += V::Map(numbers + k + 2 * W).abs();
      last += V::Map(numbers + k + 3 * W).abs();
    }
    for (; k < size; k += W) sizes += V::Map(numbers + k).abs();
    return ((sizes + more) + (still_more + last)).sum() == Scalar(0);
  }

  std::vector<std::uint8_t> idle_;  // of each page
  Index left_;                      // pages that are
};

}  // namespace echocell
