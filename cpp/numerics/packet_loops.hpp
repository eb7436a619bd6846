// Formulas of one packet, applied to arrays of any length. The last numbers of an array stand in a
// packet of their own, padded with zeros, so that the bits of a result depend neither on where its
// number stands nor on how the array is aligned.
#pragma once

#include <algorithm>
#include <type_traits>

#include "numerics/packet.hpp"

namespace echocell {

/// The whole packet from number k of a view on, to be read or written.
template <class View>
EIGEN_ALWAYS_INLINE auto packet(View view, Index k) {
  using Numbers = Packet<typename View::Scalar>;
  return Numbers::Map(view.data() + k);
}

/// visit(first, count) for every packet of n numbers. The count of a whole one is known when this
/// is compiled.
template <class Scalar, class Visit>
EIGEN_ALWAYS_INLINE void for_each_packet(Index n, const Visit& visit) {
  Index k = 0;
  for (; k + kLanes<Scalar> <= n; k += kLanes<Scalar>) {
    visit(k, std::integral_constant<Index, kLanes<Scalar>>());
  }
  if (k < n) visit(k, n - k);
}

/// The packet at number k of an array, where `count` of its numbers are there.
template <class View, class Count>
EIGEN_ALWAYS_INLINE Packet<typename View::Scalar> packet_of(const View& from, Index k,
                                                            Count count) {
  if constexpr (std::is_same_v<Count, Index>) {
    return load_some<Packet<typename View::Scalar>>(from.data() + k, count);
  } else {
    return packet(from, k);
  }
}

/// to = formula(from...), for arrays as long as `to`, which may be among them. The formula takes
/// and returns packets.
template <class Scalar, class Formula, class... From>
EIGEN_ALWAYS_INLINE void assign_packets(ArrayView<Scalar> to, const Formula& formula,
                                        const From&... from) {
  for_each_packet<Scalar>(to.size(), [&](Index k, auto count) {
    const Packet<Scalar> numbers = formula(packet_of(from, k, count)...);
    if constexpr (std::is_same_v<decltype(count), Index>) {
      store_some(to.data() + k, numbers, count);
    } else {
      packet(to, k) = numbers;
    }
  });
}

/// The sum of the n numbers formula(from...), for arrays of n numbers.
template <class Scalar, class Formula, class... From>
EIGEN_ALWAYS_INLINE Scalar sum_packets(Index n, const Formula& formula, const From&... from) {
  Packet<Scalar> sums = Packet<Scalar>::Zero();
  for_each_packet<Scalar>(n, [&](Index k, auto count) {
    const Packet<Scalar> numbers = formula(packet_of(from, k, count)...);
    if constexpr (std::is_same_v<decltype(count), Index>) {
      sums += first_numbers(numbers, count);
    } else {
      sums += numbers;
    }
  });
  return sums.sum();
}

}  // namespace echocell
