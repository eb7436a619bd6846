// The extents of one sample, as Keras counts them: the batch axis is left out.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace echocell {

using Index = std::ptrdiff_t;

/// An extent that is not known yet (Keras's None).
constexpr Index kOpen = -1;

/// (features), (steps, features), ...: one entry per axis of a sample; kOpen where an axis is open.
using Shape = std::vector<Index>;

/// Returns a * b; throws where an array cannot have so many numbers.
inline Index checked_product(Index a, Index b) {
  Index result = 0;
  // Bytes, and the sums made of such products, must fit too.
  constexpr Index kMost = Index{1} << 48;
  if (__builtin_mul_overflow(a, b, &result) || result > kMost) {
    throw std::invalid_argument("too large: " + std::to_string(a) + " times " + std::to_string(b) +
                                " numbers");
  }
  return result;
}

/// Returns the product of the extents; throws if one of them is open or the product too large.
inline Index volume(const Shape& shape) {
  Index total = 1;
  for (Index extent : shape) {
    if (extent < 0) throw std::invalid_argument("the volume of a shape with an open axis");
    total = checked_product(total, extent);
  }
  return total;
}

/// "(None, 5, 10)": the shape of a batch of such samples, as Keras prints it.
inline std::string to_string(const Shape& shape) {
  std::string text = "(None";
  for (Index extent : shape) text += extent < 0 ? ", None" : ", " + std::to_string(extent);
  return text + (shape.empty() ? ",)" : ")");
}

}  // namespace echocell
