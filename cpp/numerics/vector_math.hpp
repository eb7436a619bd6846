// exp, expm1, sigmoid and tanh for whole vectors, within 2.5 units in the last place (ulp). Every
// lane gives the same bits wherever it stands. The greatest errors that bench/ulps.cpp finds, over
// all floats and over two million doubles:
//
//                         exp   expm1  sigmoid  tanh
//   float   x86_64        1.05   1.83    2.49   2.50
//           x86_64_v3/4   1.08   1.75    2.49   2.50
//   double  x86_64        1.49   1.90    2.33   2.50
//           x86_64_v3/4   1.49   1.80    2.33   2.50
//
// Of aarch64 an emulator has seen samples alone, none worse.
#pragma once

#include "numerics/simd.hpp"

namespace echocell::simd {

template <class S>
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
template <class S>
struct ExpParts {
  Vector<S> scale;  // 2^n
  Vector<S> m;      // exp(r) - 1

  explicit ExpParts(Vector<S> x) {
    using C = ExpConstants<S>;
    const Vector<S> shifted = x * S(1.44269504088896340736) + C::kRounder;
    const Vector<S> n = shifted - C::kRounder;
    const Vector<S> r = (x - n * C::kLn2High) - n * C::kLn2Low;
    // Horner's rule over pairs of terms: half as long to wait for.
    const Vector<S> r2 = r * r;
    Vector<S> p = pair(C::kDegree - 1, r);
    for (int k = C::kDegree - 3; k >= 2; k -= 2) p = p * r2 + pair(k, r);
    m = p * r2 + r;
    const Integers<S> bits = bits_as<Integers<S>>(shifted);
    scale = bits_as<Vector<S>>((bits + C::kBias) << C::kMantissaBits);
  }

 private:
  static constexpr double reciprocal_factorial(int k) {
    double f = 1;
    for (int j = 2; j <= k; ++j) f /= j;
    return f;
  }
  static Vector<S> pair(int k, Vector<S> r) {
    return r * S(reciprocal_factorial(k + 1)) + S(reciprocal_factorial(k));
  }
};

/// x within [-limit, limit]; NaN stays NaN.
template <class S>
inline Vector<S> clamp(Vector<S> x, S limit) {
  return max<S>(splat(-limit), min<S>(splat(limit), x));
}

/// exp(x), x clamped to the limits; below the smallest normal number it is that number or zero.
/// Not scale * m + scale, whose product may be a denormal number, which is flushed to zero.
template <class S>
inline Vector<S> exp(Vector<S> x) {
  const ExpParts<S> e(clamp<S>(x, ExpConstants<S>::kLimit));
  return e.scale * (e.m + S(1));
}

/// 1 / (1 + exp(-x)).
template <class S>
inline Vector<S> sigmoid(Vector<S> x) {
  return S(1) / (S(1) + exp<S>(-x));
}

/// tanh(x) = E / (E + 2) with E = exp(2x) - 1 = 2^n m + (2^n - 1), exact near 0 too.
template <class S>
inline Vector<S> tanh(Vector<S> x) {
  const ExpParts<S> e(clamp<S>(x, ExpConstants<S>::kTanhLimit) * S(2));
  const Vector<S> E = e.scale * e.m + (e.scale - S(1));
  return E / (E + S(2));
}

/// numerator / (sqrt(v) + epsilon), for v >= 0 and epsilon > 0.
template <class S>
inline Vector<S> divide_by_root(Vector<S> numerator, Vector<S> v, S epsilon) {
  return numerator / (sqrt<S>(v) + epsilon);
}

#if defined(__SSE2__)
// For floats an approximate reciprocal and a step of Newton's method take less time than a
// division (which would queue behind the root), and are within 8 ulp (4.5 where it was measured;
// the estimate is the processor's). The step needs a finite divisor.
template <>
inline Vector<float> divide_by_root<float>(Vector<float> numerator, Vector<float> v,
                                           float epsilon) {
  const Vector<float> divisor = min<float>(sqrt<float>(v) + epsilon, splat(1e38f));
  const Vector<float> inverse = approximate_reciprocal(divisor);
  return numerator * inverse * (2.0f - divisor * inverse);
}
#endif

/// exp(x) - 1, exact near 0 too.
template <class S>
inline Vector<S> expm1(Vector<S> x) {
  const ExpParts<S> e(clamp<S>(x, ExpConstants<S>::kLimit));
  return e.scale * e.m + (e.scale - S(1));
}

}  // namespace echocell::simd
