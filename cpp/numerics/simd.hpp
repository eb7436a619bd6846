// Vectors of the widest registers that this build may use, in the compiler's own vector types: the
// same code becomes SSE2, AVX2, AVX-512 or NEON. Only what the kernels need.
#pragma once

#include <cstdint>
#include <cstring>
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

/// The sum of all lanes, in a fixed order.
template <class S, Index half = kLanes<S> / 2>
inline S sum(Vector<S> v) {
  v += rotated<S, half>(v, std::make_index_sequence<std::size_t(kLanes<S>)>());
  if constexpr (half > 1) {
    return sum<S, half / 2>(v);
  } else {
    return v[0];
  }
}

#if defined(__SSE2__)
/// To 14 bits with AVX-512, else to 12. (Masked, though the mask is full: GCC 12 warns of the plain
/// form.)
inline Vector<float> approximate_reciprocal_root(Vector<float> v) {
#if defined(__AVX512F__)
  return bits_as<Vector<float>>(_mm512_maskz_rsqrt14_ps(0xFFFF, bits_as<__m512>(v)));
#elif defined(__AVX__)
  return bits_as<Vector<float>>(_mm256_rsqrt_ps(bits_as<__m256>(v)));
#else
  return bits_as<Vector<float>>(_mm_rsqrt_ps(bits_as<__m128>(v)));
#endif
}
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

template <class V>
inline V max(V a, V b) {
  return a > b ? a : b;
}
template <class V>
inline V min(V a, V b) {
  return a < b ? a : b;
}

}  // namespace echocell::simd
