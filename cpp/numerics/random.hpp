// Counter-based random numbers: a number depends on its key and its counter alone, so that neither
// the order of the calls nor the number of threads changes a result.
#pragma once

#include <cstdint>
#include <utility>

#include "numerics/tensor.hpp"

namespace echocell {

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
/// generators"): a bijection of 64 bits that mixes well.
inline std::uint64_t mix64(std::uint64_t z) {
  z += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// A stream of random numbers named by a key.
struct Random {
  std::uint64_t key = 0;

  /// An independent stream; the same label gives the same stream.
  Random child(std::uint64_t label) const { return {mix64(key ^ mix64(label + 1))}; }
  std::uint64_t bits(std::uint64_t counter) const { return mix64(key + mix64(counter)); }
  /// Uniform in [0, 1), 53 bits.
  double uniform(std::uint64_t counter) const {
    return static_cast<double>(bits(counter) >> 11) * 0x1.0p-53;
  }
  /// Uniform in 0 .. bound-1 (multiply-shift; the bias is below bound / 2^32).
  Index below(std::uint64_t counter, Index bound) const {
    return static_cast<Index>(((bits(counter) >> 32) * static_cast<std::uint64_t>(bound)) >> 32);
  }
};

/// Shuffles in place (Fisher and Yates).
inline void shuffle(Random random, Span<Index> order) {
  for (Index k = order.size - 1; k > 0; --k) {
    std::swap(order[k], order[random.below(static_cast<std::uint64_t>(k), k + 1)]);
  }
}

}  // namespace echocell
