// Numbers to work on, and how far an answer is from what is expected.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "numerics/random.hpp"

namespace echocell::tests {

/// count numbers, uniform in [-limit, limit).
template <class Scalar>
std::vector<Scalar> numbers(Index count, std::uint64_t seed, double limit = 1.0) {
  const Random random{seed};
  std::vector<Scalar> values(static_cast<std::size_t>(count));
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = static_cast<Scalar>(limit * (2.0 * random.uniform(k) - 1.0));
  }
  return values;
}

/// The greatest |a[k] - b[k]|, as a share of the greatest |b[k]|.
template <class A, class B>
double difference(const A& a, const B& b) {
  double gap = 0, size = 0;
  for (std::size_t k = 0; k < b.size(); ++k) {
    const double x = static_cast<double>(a[k]), y = static_cast<double>(b[k]);
    // Not std::max: it would let a NaN pass.
    if (!(std::abs(x - y) <= gap)) gap = std::abs(x - y);
    size = std::max(size, std::abs(y));
  }
  return size > 0 ? gap / size : gap;
}

/// How far float is trusted in sums of some hundred numbers; double carries 9 digits more.
template <class Scalar>
constexpr double kTolerance = sizeof(Scalar) == 4 ? 1e-4 : 1e-11;

}  // namespace echocell::tests
