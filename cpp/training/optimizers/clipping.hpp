// Limits of the gradients' size, as Keras has them.
#pragma once

#include "numerics/eigen.hpp"

namespace echocell {

/// The sum of g^2, in double. Eight sums run side by side: the order of the additions is always the
/// same.
template <class Scalar>
double sum_of_squares(const ConstArrayView<Scalar>& g) {
  constexpr Index kSums = 8;
  double sums[kSums] = {};
  const auto square = [&](Index i) {
    return static_cast<double>(g[i]) * static_cast<double>(g[i]);
  };
  Index i = 0;
  for (; i + kSums <= g.size(); i += kSums) {
    for (Index k = 0; k < kSums; ++k) sums[k] += square(i + k);
  }
  for (; i < g.size(); ++i) sums[i % kSums] += square(i);
  double total = 0;
  for (double sum : sums) total += sum;
  return total;
}

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
