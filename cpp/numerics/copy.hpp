// Copies of rows that are often short: a call of memcpy for each would cost more than the copy.
#pragma once

#include <algorithm>
#include <cstring>

#include "numerics/packet.hpp"

namespace echocell {

/// to[k] = from[k] for count numbers; the two do not overlap.
template <class S>
inline void copy_numbers(const S* from, Index count, S* to) {
  if (count > 16 * kLanes<S>) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(S));
    return;
  }
  Index k = 0;
  for (; k + kLanes<S> <= count; k += kLanes<S>) {
    Packet<S>::Map(to + k) = Packet<S>::Map(from + k);
  }
  for (; k < count; ++k) to[k] = from[k];
}

/// copy_numbers(), or zeros where there is nothing to copy: from may be null.
template <class S>
inline void copy_or_zero(const S* from, Index count, S* to) {
  if (from) {
    copy_numbers(from, count, to);
  } else {
    std::fill_n(to, count, S(0));
  }
}

}  // namespace echocell
