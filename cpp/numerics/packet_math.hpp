// exp, expm1, sigmoid and tanh of arrays in registers, within 2.5 units in the last place (ulp).
// Every lane gives the same bits wherever it stands. The greatest errors over all floats and over
// two million doubles, as tests/ulps.cpp finds them:
//
//                         exp   expm1  sigmoid  tanh
//   float   x86_64        1.05   1.83    2.49   2.50
//           x86_64_v3/4   1.08   1.75    2.49   2.50
//   double  x86_64        1.49   1.90    2.33   2.50
//           x86_64_v3/4   1.49   1.80    2.33   2.50
//
// On aarch64 an emulator has checked samples alone; none is worse.
//
// V is a FixedArray.
#pragma once

#include "numerics/packet.hpp"

namespace echocell {

template <class Scalar>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  // Adding and taking off 1.5 * 2^23 rounds to the nearest integer.
  static constexpr float kRounder = 12582912.0f;
  // ln 2 in two parts, the first with so few bits that n * first is exact.
  static constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  static constexpr int kMantissaBits = 23, kBias = 127, kDegree = 7;
  static constexpr float kLimit = 88.0f;      // exp(88) < the largest float
  static constexpr float kTanhLimit = 9.02f;  // beyond, tanh rounds to 1
};
template <>
struct ExpConstants<double> {
  static constexpr double kRounder = 6755399441055744.0;
  static constexpr double kLn2High = 6.93145751953125e-1, kLn2Low = 1.42860682030941723212e-6;
  static constexpr int kMantissaBits = 52, kBias = 1023, kDegree = 13;
  static constexpr double kLimit = 708.0;
  static constexpr double kTanhLimit = 19.1;
};

/// exp(x) = 2^n (1 + m), with x = n ln 2 + r, |r| <= ln 2 / 2 and m = exp(r) - 1 by its Taylor
/// series, whose next term is below half an ulp. x within the limits above.
template <class V>
struct ExpParts {
  using Scalar = typename V::Scalar;
  using Constants = ExpConstants<Scalar>;
  using R = RegisterOf<V>;

  R scale;  // 2^n
  R m;      // exp(r) - 1

  EIGEN_ALWAYS_INLINE explicit ExpParts(const R& x) {
    const R shifted = x * Scalar(1.44269504088896340736) + Constants::kRounder;
    const R n = shifted - Constants::kRounder;
    const R r = (x - n * Constants::kLn2High) - n * Constants::kLn2Low;
    // Horner's rule over pairs of terms halves the chain of dependent operations.
    const R r2 = r * r;
    R p = pair(Constants::kDegree - 1, r);
#pragma GCC unroll 8
    for (int k = Constants::kDegree - 3; k >= 2; k -= 2) p = p * r2 + pair(k, r);
    m = p * r2 + r;
    scale = power_of_two<Constants::kMantissaBits, Constants::kBias, Scalar>(shifted);
  }

  /// exp(x) - 1
  EIGEN_ALWAYS_INLINE R less_one() const { return scale * m + (scale - Scalar(1)); }

 private:
  static constexpr double reciprocal_factorial(int k) {
    double f = 1;
    for (int j = 2; j <= k; ++j) f /= j;
    return f;
  }
  static EIGEN_ALWAYS_INLINE R pair(int k, const R& r) {
    return r * Scalar(reciprocal_factorial(k + 1)) + Scalar(reciprocal_factorial(k));
  }
};

/// exp(x), x clamped to the limits; below the smallest normal number it is that number or zero.
/// Not scale * m + scale, whose product may be a denormal number, which is flushed to zero.
template <class V>
EIGEN_ALWAYS_INLINE V exp(const V& x) {
  using Scalar = typename V::Scalar;
  const ExpParts<V> e(clamp(to_register(x), ExpConstants<Scalar>::kLimit));
  return to_array<V>(e.scale * (e.m + Scalar(1)));
}

/// exp(x) - 1, exact near 0 too.
template <class V>
EIGEN_ALWAYS_INLINE V expm1(const V& x) {
  const ExpParts<V> e(clamp(to_register(x), ExpConstants<typename V::Scalar>::kLimit));
  return to_array<V>(e.less_one());
}

/// 1 / (1 + exp(-x))
template <class V>
EIGEN_ALWAYS_INLINE V sigmoid(const V& x) {
  using Scalar = typename V::Scalar;
  const ExpParts<V> e(clamp(RegisterOf<V>(-to_register(x)), ExpConstants<Scalar>::kLimit));
  return to_array<V>(Scalar(1) / (Scalar(1) + e.scale * (e.m + Scalar(1))));
}

/// tanh(x) = E / (E + 2) with E = exp(2x) - 1 = 2^n m + (2^n - 1), exact near 0 too.
template <class V>
EIGEN_ALWAYS_INLINE V tanh(const V& x) {
  using Scalar = typename V::Scalar;
  const auto limited = clamp(to_register(x), ExpConstants<Scalar>::kTanhLimit);
  const RegisterOf<V> E = ExpParts<V>(RegisterOf<V>(limited * Scalar(2))).less_one();
  return to_array<V>(E / (E + Scalar(2)));
}

/// numerator / (sqrt(v) + epsilon), for v >= 0 and epsilon > 0.
template <class Scalar>
EIGEN_ALWAYS_INLINE Packet<Scalar> divide_by_root(const Packet<Scalar>& numerator,
                                                  const Packet<Scalar>& v, Scalar epsilon) {
  return numerator / (root<Scalar>(v) + epsilon);
}

#if defined(__SSE2__)
// For floats an approximate reciprocal and a step of Newton's method take less time than a
// division (which would queue behind the root), and are within 8 ulp (4.5 where it was measured;
// the estimate is the processor's). The step needs a finite divisor.
template <>
EIGEN_ALWAYS_INLINE Packet<float> divide_by_root<float>(const Packet<float>& numerator,
                                                        const Packet<float>& v, float epsilon) {
  const Packet<float> divisor = (root<float>(v) + epsilon).min(1e38f);
  const Packet<float> inverse = approximate_reciprocal(divisor);
  return numerator * inverse * (2.0f - divisor * inverse);
}
#endif

}  // namespace echocell
