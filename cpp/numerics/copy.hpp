// Copies of rows that are often short: a call of memcpy for each would cost more than the copy.
#pragma once

#include <algorithm>
#include <cstring>

#include "numerics/packet.hpp"

namespace echocell {

/// to[k] = from[k] for count numbers; the two do not overlap.
template <class Scalar>
inline void copy_numbers(const Scalar* from, Index count, Scalar* to) {
  if (count > 16 * kLanes<Scalar>) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(Scalar));
    return;
  }
  Index k = 0;
  for (; k + kLanes<Scalar> <= count; k += kLanes<Scalar>) {
    Packet<Scalar>::Map(to + k) = Packet<Scalar>::Map(from + k);
  }
  for (; k < count; ++k) to[k] = from[k];
}

/// copy_numbers(), or zeros where there is nothing to copy: from may be null.
template <class Scalar>
inline void copy_or_zero(const Scalar* from, Index count, Scalar* to) {
  if (from) {
    copy_numbers(from, count, to);
  } else {
    std::fill_n(to, count, Scalar(0));
  }
}

}  // namespace echocell
