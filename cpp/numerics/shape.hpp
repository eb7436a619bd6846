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

/// The product of the extents; throws if one of them is open.
inline Index volume(const Shape& shape) {
  Index product = 1;
  for (Index extent : shape) {
    if (extent < 0) throw std::invalid_argument("the volume of a shape with an open axis");
    product *= extent;
  }
  return product;
}

/// "(None, 5, 10)": the shape of a batch of such samples, as Keras prints it.
inline std::string to_string(const Shape& shape) {
  std::string text = "(None";
  for (Index extent : shape) text += extent < 0 ? ", None" : ", " + std::to_string(extent);
  return text + (shape.empty() ? ",)" : ")");
}

}  // namespace echocell
