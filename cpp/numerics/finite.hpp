// A test for NaN and infinity.
#pragma once

#include "numerics/shape.hpp"

namespace echocell {

/// Whether all numbers are finite.
template <class Scalar>
bool all_finite(const Scalar* data, Index count);

}  // namespace echocell
