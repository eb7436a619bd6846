// Limits of the gradients' size, as Keras has them.
#pragma once

#include "numerics/eigen.hpp"

namespace echocell {

/// Scales gradients of that norm down to the limit. A norm that is not finite makes NaN of them
/// all, so that it shows.
template <class Scalar>
void scale_to_norm(ArrayView<Scalar> g, double norm, double limit) {
  if (norm > limit || norm != norm) g *= static_cast<Scalar>(limit / norm + (norm - norm));
}

/// Every number within [-limit, limit]; NaN stays NaN.
template <class Scalar>
void clip_values(ArrayView<Scalar> g, Scalar limit) {
  g = g.min(limit).max(-limit);
}

}  // namespace echocell
