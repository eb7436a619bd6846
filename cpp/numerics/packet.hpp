// The numbers of one register. What depends on the instruction set stands here, and nowhere else:
// Eigen's packets, and the few operations on them that Eigen 3.4 lacks or does not round exactly.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "numerics/eigen.hpp"

namespace echocell {

/// A register as Eigen names it; for loops whose sums must not leave the registers.
template <class Scalar>
using Register = typename Eigen::internal::packet_traits<Scalar>::type;

/// Numbers of a register.
template <class Scalar>
constexpr Index kLanes = Eigen::internal::packet_traits<Scalar>::size;

/// The numbers of a register as an array: the type of the elementwise formulas.
template <class Scalar>
using Packet = FixedArray<Scalar, int(kLanes<Scalar>)>;

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr Index kRegisters = 32;
#else
constexpr Index kRegisters = 16;
#endif

/// visit(Scalar, N) for the sizes of packets and of their halves, quarters ... down to 4 numbers:
/// the arrays that a recurrence is computed in (kFewestUnits in layers/parameter.hpp).
#if defined(__AVX512F__)
#define ECHOCELL_FOR_PACKETS_AND_PARTS(visit) \
  visit(float, 16) visit(float, 8) visit(float, 4) visit(double, 8) visit(double, 4)
#elif defined(__AVX__)
#define ECHOCELL_FOR_PACKETS_AND_PARTS(visit) visit(float, 8) visit(float, 4) visit(double, 4)
#else
#define ECHOCELL_FOR_PACKETS_AND_PARTS(visit) visit(float, 4) visit(double, 2)
#endif

/// Whether a multiplication and an addition are one instruction.
#if defined(__FMA__) || defined(__aarch64__)
constexpr bool kFuses = true;
#else
constexpr bool kFuses = false;
#endif

/// n rounded up to whole packets.
template <class Scalar>
constexpr Index padded(Index n) {
  return (n + kLanes<Scalar> - 1) / kLanes<Scalar> * kLanes<Scalar>;
}

// ---- registers ---------------------------------------------------------------------------------

template <class Scalar>
EIGEN_ALWAYS_INLINE Register<Scalar> load(const Scalar* from) {
  return Eigen::internal::ploadu<Register<Scalar>>(from);
}
template <class Scalar>
EIGEN_ALWAYS_INLINE void store(Scalar* to, const Register<Scalar>& numbers) {
  Eigen::internal::pstoreu(to, numbers);
}
template <class Scalar>
EIGEN_ALWAYS_INLINE Register<Scalar> broadcast(const Scalar& value) {
  return Eigen::internal::pset1<Register<Scalar>>(value);
}
template <class Scalar>
EIGEN_ALWAYS_INLINE Register<Scalar> zeros() {
  return Eigen::internal::pzero(Register<Scalar>());
}
/// The same numbers, from a register: without it GCC 12 reads memory again in each multiplication
/// with AVX-512, up to twice as much as the machine can load meanwhile.
template <class Register>
EIGEN_ALWAYS_INLINE Register held(Register numbers) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(numbers));
#endif
  return numbers;
}
/// a b + c
template <class Register>
EIGEN_ALWAYS_INLINE Register multiply_add(const Register& a, const Register& b, const Register& c) {
  return Eigen::internal::pmadd(a, b, c);
}
template <class Register>
EIGEN_ALWAYS_INLINE Register add(const Register& a, const Register& b) {
  return Eigen::internal::padd(a, b);
}

/// The register, or the part of one, for a FixedArray. The compiler knows + - * / of registers,
/// also with one number for all lanes, so that a formula of many terms is compiled in a fraction of
/// the time that it takes as an expression of Eigen.
template <class V>
using RegisterOf =
    typename Eigen::internal::find_best_packet<typename V::Scalar, V::SizeAtCompileTime>::type;
template <class V>
EIGEN_ALWAYS_INLINE RegisterOf<V> to_register(const V& numbers) {
  return Eigen::internal::ploadu<RegisterOf<V>>(numbers.data());
}
template <class V>
EIGEN_ALWAYS_INLINE V to_array(const RegisterOf<V>& numbers) {
  V array;
  Eigen::internal::pstoreu(array.data(), numbers);
  return array;
}
/// x within [-limit, limit]; NaN stays NaN.
template <class Register, class Scalar>
EIGEN_ALWAYS_INLINE Register clamp(const Register& x, Scalar limit) {
  using namespace Eigen::internal;
  return pmax(pmin(x, pset1<Register>(limit)), pset1<Register>(-limit));
}

// ---- lanes and bits, on the compiler's own vectors ---------------------------------------------

template <class Scalar>
using IntegerLike = std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t>;

/// N numbers, and N integers of the same size.
template <class Scalar, int N>
struct CompilerVector {
  typedef Scalar Numbers __attribute__((vector_size(N * sizeof(Scalar))));
  typedef IntegerLike<Scalar> Integers __attribute__((vector_size(N * sizeof(Scalar))));
};

/// The same bits as another type of the same size.
template <class To, class From>
EIGEN_ALWAYS_INLINE To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "bits_as keeps the size");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// 2^n for n whose sum with 1.5 * 2^kMantissaBits is `shifted`: the lowest bits of that sum are n.
template <int kMantissaBits, int kBias, class Scalar, class Register>
EIGEN_ALWAYS_INLINE Register power_of_two(const Register& shifted) {
  using Bits = typename CompilerVector<Scalar, int(sizeof(Register) / sizeof(Scalar))>::Integers;
  return bits_as<Register>((bits_as<Bits>(shifted) + kBias) << kMantissaBits);
}

/// Lane l of the result is lane kFrom[l] of a followed by b.
template <int... kFrom, class Numbers>
EIGEN_ALWAYS_INLINE Numbers shuffled(const Numbers& a, const Numbers& b) {
#if defined(__clang__) || __GNUC__ >= 12
  return __builtin_shufflevector(a, b, kFrom...);
#else
  using Scalar = std::decay_t<decltype(a[0])>;
  using Lanes = typename CompilerVector<Scalar, int(sizeof...(kFrom))>::Integers;
  return __builtin_shuffle(a, b, Lanes{kFrom...});
#endif
}

/// Lanes whose number has the bit `m` come from b, the others from a; where kCrossed, a lane l from
/// its neighbour l ^ m.
template <int m, bool kCrossed, class Numbers, int... l>
EIGEN_ALWAYS_INLINE Numbers merged(const Numbers& a, const Numbers& b,
                                   std::integer_sequence<int, l...>) {
  return shuffled<((l ^ (kCrossed ? m : 0)) + ((l & m) ? int(sizeof...(l)) : 0))...>(a, b);
}

/// Lane l of the result is the sum of all lanes of v[l], in a fixed order. v is used up.
template <class Scalar, int m = int(kLanes<Scalar>) / 2>
EIGEN_ALWAYS_INLINE Register<Scalar> lane_sums(Register<Scalar> (&v)[kLanes<Scalar>]) {
  constexpr int L = int(kLanes<Scalar>);
  using Numbers = typename CompilerVector<Scalar, L>::Numbers;
  constexpr auto lanes = std::make_integer_sequence<int, L>();
#pragma GCC unroll 16
  for (int i = 0; i < m; ++i) {
    const auto a = bits_as<Numbers>(v[i]), b = bits_as<Numbers>(v[i + m]);
    v[i] = bits_as<Register<Scalar>>(merged<m, false>(a, b, lanes) + merged<m, true>(a, b, lanes));
  }
  if constexpr (m > 1) {
    return lane_sums<Scalar, m / 2>(v);
  } else {
    return v[0];
  }
}

// ---- parts of an array -------------------------------------------------------------------------

/// All bits of the lanes below `count`, no bit of the others.
template <class Scalar, int... l>
EIGEN_ALWAYS_INLINE auto first_lanes(Index count, std::integer_sequence<int, l...>) {
  using Lanes = typename CompilerVector<Scalar, int(sizeof...(l))>::Integers;
  return Lanes(Lanes{l...} < static_cast<IntegerLike<Scalar>>(count));
}
template <class Scalar, int N>
EIGEN_ALWAYS_INLINE auto first_lanes(Index count) {
  return first_lanes<Scalar>(count, std::make_integer_sequence<int, N>());
}

/// The first `count` numbers of a FixedArray, and zeros behind them.
template <class V>
EIGEN_ALWAYS_INLINE V first_numbers(const V& numbers, Index count) {
  const auto lanes = first_lanes<typename V::Scalar, V::SizeAtCompileTime>(count);
  V kept;
  const auto bits = decltype(lanes)(bits_as<std::decay_t<decltype(lanes)>>(numbers) & lanes);
  std::memcpy(kept.data(), &bits, sizeof(bits));
  return kept;
}

#if defined(__AVX512F__)
EIGEN_ALWAYS_INLINE unsigned lane_bits(Index count) { return (1u << count) - 1; }
EIGEN_ALWAYS_INLINE __m512 masked_load(const float* from, Index count) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>(lane_bits(count)), from);
}
EIGEN_ALWAYS_INLINE __m512d masked_load(const double* from, Index count) {
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>(lane_bits(count)), from);
}
EIGEN_ALWAYS_INLINE void masked_store(float* to, __m512 numbers, Index count) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>(lane_bits(count)), numbers);
}
EIGEN_ALWAYS_INLINE void masked_store(double* to, __m512d numbers, Index count) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>(lane_bits(count)), numbers);
}
#elif defined(__AVX2__)
EIGEN_ALWAYS_INLINE __m256 masked_load(const float* from, Index count) {
  return _mm256_maskload_ps(from, bits_as<__m256i>(first_lanes<float, 8>(count)));
}
EIGEN_ALWAYS_INLINE __m256d masked_load(const double* from, Index count) {
  return _mm256_maskload_pd(from, bits_as<__m256i>(first_lanes<double, 4>(count)));
}
EIGEN_ALWAYS_INLINE void masked_store(float* to, __m256 numbers, Index count) {
  _mm256_maskstore_ps(to, bits_as<__m256i>(first_lanes<float, 8>(count)), numbers);
}
EIGEN_ALWAYS_INLINE void masked_store(double* to, __m256d numbers, Index count) {
  _mm256_maskstore_pd(to, bits_as<__m256i>(first_lanes<double, 4>(count)), numbers);
}
#endif

/// The first `count` numbers, and zeros behind them; nothing else is read. V is a FixedArray.
template <class V>
EIGEN_ALWAYS_INLINE V load_some(const typename V::Scalar* from, Index count) {
  V numbers = V::Zero();
#if defined(__AVX2__)
  if constexpr (std::is_same_v<V, Packet<typename V::Scalar>>) {
    store(numbers.data(), masked_load(from, count));
    return numbers;
  }
#endif
  std::memcpy(numbers.data(), from, static_cast<std::size_t>(count) * sizeof(*from));
  return numbers;
}
/// Writes the first `count` numbers, and nothing else.
template <class V>
EIGEN_ALWAYS_INLINE void store_some(typename V::Scalar* to, const V& numbers, Index count) {
#if defined(__AVX2__)
  if constexpr (std::is_same_v<V, Packet<typename V::Scalar>>) {
    masked_store(to, load(numbers.data()), count);
    return;
  }
#endif
  std::memcpy(to, numbers.data(), static_cast<std::size_t>(count) * sizeof(*to));
}

// ---- roots, which Eigen 3.4 approximates with AVX ----------------------------------------------

#if defined(__AVX512F__)
// Masked, though the mask is full: GCC 12 warns of the plain forms.
EIGEN_ALWAYS_INLINE __m512 rounded_root(__m512 v) { return _mm512_maskz_sqrt_ps(0xFFFF, v); }
EIGEN_ALWAYS_INLINE __m512d rounded_root(__m512d v) { return _mm512_maskz_sqrt_pd(0xFF, v); }
EIGEN_ALWAYS_INLINE __m512 rough_reciprocal(__m512 v) { return _mm512_maskz_rcp14_ps(0xFFFF, v); }
#elif defined(__AVX__)
EIGEN_ALWAYS_INLINE __m256 rounded_root(__m256 v) { return _mm256_sqrt_ps(v); }
EIGEN_ALWAYS_INLINE __m256d rounded_root(__m256d v) { return _mm256_sqrt_pd(v); }
EIGEN_ALWAYS_INLINE __m256 rough_reciprocal(__m256 v) { return _mm256_rcp_ps(v); }
#elif defined(__SSE2__)
EIGEN_ALWAYS_INLINE __m128 rounded_root(__m128 v) { return _mm_sqrt_ps(v); }
EIGEN_ALWAYS_INLINE __m128d rounded_root(__m128d v) { return _mm_sqrt_pd(v); }
EIGEN_ALWAYS_INLINE __m128 rough_reciprocal(__m128 v) { return _mm_rcp_ps(v); }
#else
template <class AnyRegister>
EIGEN_ALWAYS_INLINE AnyRegister rounded_root(const AnyRegister& v) {
  return Eigen::internal::psqrt(v);
}
#endif

/// The root of every lane, rounded as IEEE 754 says.
template <class Scalar>
EIGEN_ALWAYS_INLINE Packet<Scalar> root(const Packet<Scalar>& v) {
  Packet<Scalar> roots;
  store(roots.data(), rounded_root(load(v.data())));
  return roots;
}

#if defined(__SSE2__)
/// To 14 bits with AVX-512, else to 12.
EIGEN_ALWAYS_INLINE Packet<float> approximate_reciprocal(const Packet<float>& v) {
  Packet<float> reciprocals;
  store(reciprocals.data(), rough_reciprocal(load(v.data())));
  return reciprocals;
}
#endif

}  // namespace echocell
