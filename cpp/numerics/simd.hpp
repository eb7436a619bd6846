// Vectors of the widest registers that this build may use, in the compiler's own vector types: the
// same code becomes SSE2, AVX2, AVX-512 or NEON. Only what the kernels need.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "numerics/shape.hpp"

namespace echocell::simd {

#if defined(__AVX512F__)
constexpr Index kBytes = 64;
constexpr Index kRegisters = 32;
#elif defined(__AVX__)
constexpr Index kBytes = 32;
constexpr Index kRegisters = 16;
#elif defined(__aarch64__)
constexpr Index kBytes = 16;
constexpr Index kRegisters = 32;
#else
constexpr Index kBytes = 16;
constexpr Index kRegisters = 16;
#endif

template <class S>
struct Types;
template <>
struct Types<float> {
  typedef float Vector __attribute__((vector_size(kBytes)));
  typedef std::int32_t Integers __attribute__((vector_size(kBytes)));
};
template <>
struct Types<double> {
  typedef double Vector __attribute__((vector_size(kBytes)));
  typedef std::int64_t Integers __attribute__((vector_size(kBytes)));
};

/// kLanes<S> numbers.
template <class S>
using Vector = typename Types<S>::Vector;
template <class S>
using Integers = typename Types<S>::Integers;
template <class S>
constexpr Index kLanes = kBytes / static_cast<Index>(sizeof(S));

/// n rounded up to whole vectors.
template <class S>
constexpr Index padded(Index n) {
  return (n + kLanes<S> - 1) / kLanes<S> * kLanes<S>;
}

template <class S>
inline Vector<S> load(const S* from) {
  Vector<S> v;
  std::memcpy(&v, from, sizeof(v));
  return v;
}

template <class S>
inline void store(S* to, Vector<S> v) {
  std::memcpy(to, &v, sizeof(v));
}

/// The first `count` numbers, and zeros in the other lanes; nothing behind them is touched.
template <class S>
inline Vector<S> load_some(const S* from, Index count) {
  Vector<S> v = {};
  std::memcpy(&v, from, static_cast<std::size_t>(count) * sizeof(S));
  return v;
}
template <class S>
inline void store_some(S* to, Vector<S> v, Index count) {
  std::memcpy(to, &v, static_cast<std::size_t>(count) * sizeof(S));
}

/// The same bits, read as another type of the same size.
template <class To, class From>
inline To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "bits_as keeps the size");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

template <class S>
inline Vector<S> splat(S value) {
  return value - Vector<S>{};  // x - 0 is x for every x, so this costs nothing
}

/// The lanes in another order: lane k becomes lane (k + distance) modulo their number.
template <class S, Index distance, std::size_t... k>
inline Vector<S> rotated(Vector<S> v, std::index_sequence<k...>) {
  return __builtin_shufflevector(v, v, ((Index(k) + distance) % kLanes<S>)...);
}

template <class S>
using LaneNumbers = std::make_index_sequence<std::size_t(kLanes<S>)>;

/// Lanes whose number has the bit `m` come from b, the others from a; where kCrossed, a lane l from
/// its neighbour l ^ m.
template <class S, Index m, bool kCrossed, std::size_t... l>
inline Vector<S> merged(Vector<S> a, Vector<S> b, std::index_sequence<l...>) {
  return __builtin_shufflevector(
      a, b, ((Index(l) ^ (kCrossed ? m : 0)) + ((Index(l) & m) ? kLanes<S> : 0))...);
}

template <class S, std::size_t... l>
inline Integers<S> lane_numbers(std::index_sequence<l...>) {
  return Integers<S>{l...};
}

/// Half a vector, a quarter: N numbers, N a power of two.
template <class S, Index N>
struct Share {
  typedef S Type __attribute__((vector_size(N * sizeof(S))));
};
template <class S, Index N, std::size_t... l>
inline auto doubled(typename Share<S, N>::Type v, std::index_sequence<l...>) {
  return __builtin_shufflevector(v, typename Share<S, N>::Type{}, Index(l)...);
}
template <class S, Index N>
inline Vector<S> widened(typename Share<S, N>::Type v) {
  if constexpr (N == kLanes<S>) {
    return v;
  } else {
    return widened<S, 2 * N>(doubled<S, N>(v, std::make_index_sequence<std::size_t(2 * N)>()));
  }
}
template <class S, std::size_t... l>
inline auto first_lanes(Vector<S> v, std::index_sequence<l...>) {
  return __builtin_shufflevector(v, v, Index(l)...);
}

/// load_some() and store_some() of N numbers, N known when this is compiled: without masks, whose
/// stores take several times as long.
template <class S, Index N>
inline Vector<S> load_first(const S* from) {
  typename Share<S, N>::Type v;
  std::memcpy(&v, from, sizeof(v));
  return widened<S, N>(v);
}
template <class S, Index N>
inline void store_first(S* to, Vector<S> v) {
  if constexpr (N == kLanes<S>) {
    store(to, v);
  } else {
    const auto share = first_lanes<S>(v, std::make_index_sequence<std::size_t(N)>());
    std::memcpy(to, &share, sizeof(share));
  }
}

/// The lanes of a before `first`, those of b from there on.
template <class S>
inline Vector<S> joined(Vector<S> a, Vector<S> b, Index first) {
  using Integer = std::remove_reference_t<decltype(Integers<S>{}[0])>;
  return lane_numbers<S>(LaneNumbers<S>()) >= static_cast<Integer>(first) ? b : a;
}
/// v with zeros in the lanes before `first`.
template <class S>
inline Vector<S> from_lane(Vector<S> v, Index first) {
  return joined<S>(Vector<S>{}, v, first);
}

#if defined(__AVX512F__)
template <>
inline Vector<float> load_some<float>(const float* from, Index count) {
  const auto mask = static_cast<__mmask16>((1u << count) - 1);
  return bits_as<Vector<float>>(_mm512_maskz_loadu_ps(mask, from));
}
template <>
inline void store_some<float>(float* to, Vector<float> v, Index count) {
  const auto mask = static_cast<__mmask16>((1u << count) - 1);
  _mm512_mask_storeu_ps(to, mask, bits_as<__m512>(v));
}
#elif defined(__AVX__)
template <>
inline Vector<float> load_some<float>(const float* from, Index count) {
  const auto mask = lane_numbers<float>(LaneNumbers<float>()) < static_cast<std::int32_t>(count);
  return bits_as<Vector<float>>(_mm256_maskload_ps(from, bits_as<__m256i>(mask)));
}
template <>
inline void store_some<float>(float* to, Vector<float> v, Index count) {
  const auto mask = lane_numbers<float>(LaneNumbers<float>()) < static_cast<std::int32_t>(count);
  _mm256_maskstore_ps(to, bits_as<__m256i>(mask), bits_as<__m256>(v));
}
#endif

/// One step of a transposition: of the lanes without the bit `m` (kUpper: with it) of a and of b,
/// those of b stand where the bit is set.
template <class S, Index m, bool kUpper, std::size_t... l>
inline Vector<S> mixed(Vector<S> a, Vector<S> b, std::index_sequence<l...>) {
  return __builtin_shufflevector(
      a, b, ((kUpper ? (Index(l) | m) : (Index(l) & ~m)) + ((Index(l) & m) ? kLanes<S> : 0))...);
}

/// Lane l of the result is the sum of all lanes of v[l], in a fixed order. v is used up.
template <class S, Index m = kLanes<S> / 2>
inline Vector<S> sums(Vector<S> (&v)[kLanes<S>]) {
#pragma GCC unroll 16
  for (Index i = 0; i < m; ++i) {
    v[i] = merged<S, m, false>(v[i], v[i + m], LaneNumbers<S>()) +
           merged<S, m, true>(v[i], v[i + m], LaneNumbers<S>());
  }
  if constexpr (m > 1) {
    return sums<S, m / 2>(v);
  } else {
    return v[0];
  }
}

/// Rows become columns: v[i][l] = v[l][i] of before.
template <class S, Index m = kLanes<S> / 2>
inline void transpose(Vector<S> (&v)[kLanes<S>]) {
#pragma GCC unroll 16
  for (Index i = 0; i < kLanes<S>; ++i) {
    if (i & m) continue;
    const Vector<S> a = v[i], b = v[i + m];
    // New v[i]: a's lanes without the bit m, then b's; new v[i + m]: those with it.
    v[i] = mixed<S, m, false>(a, b, LaneNumbers<S>());
    v[i + m] = mixed<S, m, true>(a, b, LaneNumbers<S>());
  }
  if constexpr (m > 1) transpose<S, m / 2>(v);
}

/// The sum of all lanes, in a fixed order.
template <class S, Index half = kLanes<S> / 2>
inline S sum(Vector<S> v) {
  v += rotated<S, half>(v, LaneNumbers<S>());
  if constexpr (half > 1) {
    return sum<S, half / 2>(v);
  } else {
    return v[0];
  }
}

/// The root of every lane, rounded exactly.
template <class S>
inline Vector<S> sqrt(Vector<S> v) {
  Vector<S> root;
  for (Index k = 0; k < kLanes<S>; ++k) root[k] = std::sqrt(v[k]);
  return root;
}

#if defined(__SSE2__)
// (Masked, though the mask is full: GCC 12 warns of the plain forms.)
template <>
inline Vector<float> sqrt<float>(Vector<float> v) {
#if defined(__AVX512F__)
  return bits_as<Vector<float>>(_mm512_maskz_sqrt_ps(0xFFFF, bits_as<__m512>(v)));
#elif defined(__AVX__)
  return bits_as<Vector<float>>(_mm256_sqrt_ps(bits_as<__m256>(v)));
#else
  return bits_as<Vector<float>>(_mm_sqrt_ps(bits_as<__m128>(v)));
#endif
}
template <>
inline Vector<double> sqrt<double>(Vector<double> v) {
#if defined(__AVX512F__)
  return bits_as<Vector<double>>(_mm512_maskz_sqrt_pd(0xFF, bits_as<__m512d>(v)));
#elif defined(__AVX__)
  return bits_as<Vector<double>>(_mm256_sqrt_pd(bits_as<__m256d>(v)));
#else
  return bits_as<Vector<double>>(_mm_sqrt_pd(bits_as<__m128d>(v)));
#endif
}

/// To 14 bits with AVX-512, else to 12.
inline Vector<float> approximate_reciprocal(Vector<float> v) {
#if defined(__AVX512F__)
  return bits_as<Vector<float>>(_mm512_maskz_rcp14_ps(0xFFFF, bits_as<__m512>(v)));
#elif defined(__AVX__)
  return bits_as<Vector<float>>(_mm256_rcp_ps(bits_as<__m256>(v)));
#else
  return bits_as<Vector<float>>(_mm_rcp_ps(bits_as<__m128>(v)));
#endif
}
#endif

/// a < b ? a : b, so b where one is NaN.
template <class S>
inline Vector<S> min(Vector<S> a, Vector<S> b) {
  return a < b ? a : b;
}
/// a > b ? a : b, so b where one is NaN.
template <class S>
inline Vector<S> max(Vector<S> a, Vector<S> b) {
  return a > b ? a : b;
}

#if defined(__SSE2__)
// The compiler makes two instructions of the plain form: one would not be the same in every bit of
// -0 and NaN if the operands changed places, and it does not see that they need not.
template <>
inline Vector<float> min<float>(Vector<float> a, Vector<float> b) {
#if defined(__AVX512F__)
  return bits_as<Vector<float>>(
      _mm512_maskz_min_ps(0xFFFF, bits_as<__m512>(a), bits_as<__m512>(b)));
#elif defined(__AVX__)
  return bits_as<Vector<float>>(_mm256_min_ps(bits_as<__m256>(a), bits_as<__m256>(b)));
#else
  return bits_as<Vector<float>>(_mm_min_ps(bits_as<__m128>(a), bits_as<__m128>(b)));
#endif
}
template <>
inline Vector<float> max<float>(Vector<float> a, Vector<float> b) {
#if defined(__AVX512F__)
  return bits_as<Vector<float>>(
      _mm512_maskz_max_ps(0xFFFF, bits_as<__m512>(a), bits_as<__m512>(b)));
#elif defined(__AVX__)
  return bits_as<Vector<float>>(_mm256_max_ps(bits_as<__m256>(a), bits_as<__m256>(b)));
#else
  return bits_as<Vector<float>>(_mm_max_ps(bits_as<__m128>(a), bits_as<__m128>(b)));
#endif
}
#endif

}  // namespace echocell::simd
