// Copies and sums of rows that are often short. For those a call of memcpy costs more than the
// copy, and Eigen's loop begins number by number, up to an aligned address.
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

/// to = from, for contiguous vectors.
template <class From, class To>
inline void copy_row(const From& from, To&& to) {
  copy_numbers(from.data(), from.size(), to.data());
}

/// to += from, for contiguous vectors.
template <class From, class To>
inline void add_row(const From& from, To&& to) {
  for (Index k = 0; k < from.size(); ++k) to[k] += from[k];
}

/// copy_numbers(), or zeros where `from` is null.
template <class Scalar>
inline void copy_or_zero(const Scalar* from, Index count, Scalar* to) {
  if (from) {
    copy_numbers(from, count, to);
  } else {
    std::fill_n(to, count, Scalar(0));
  }
}

/// copy_row(), or zeros.
template <class From, class To>
inline void copy_row_or_zero(bool copies, const From& from, To&& to) {
  if (copies) {
    copy_row(from, to);
  } else {
    to.setZero();
  }
}

}  // namespace echocell
