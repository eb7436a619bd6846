#include "numerics/finite.hpp"

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace echocell {

// NaN and infinity have all bits of the exponent set: a test on integers, which the compiler
// vectorizes.
template <class Scalar>
bool all_finite(const Scalar* data, Index count) {
  using Bits = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
  constexpr int kMantissa = sizeof(Scalar) == 4 ? 23 : 52;
  constexpr Bits kExponent = ((Bits{1} << (sizeof(Scalar) * 8 - 1 - kMantissa)) - 1) << kMantissa;
  Bits found = 0;
  for (Index k = 0; k < count; ++k) {
    Bits bits;
    std::memcpy(&bits, data + k, sizeof(bits));
    found |= (bits & kExponent) == kExponent ? ~Bits{0} : Bits{0};
  }
  return found == 0;
}

template bool all_finite(const float*, Index);
template bool all_finite(const double*, Index);

}  // namespace echocell
