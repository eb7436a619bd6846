// How exact the functions of packets are: in single precision for every one of the 2^32 floats, in
// double precision for a sample. Prints the greatest errors, in units in the last place (ulp) of
// the exact result, and ends with status 1 where one is beyond its bound.
//
//   ulps_<instruction set> [n]     n: only every n-th block of floats; 1, all, by default
//
// To the core denormal numbers are zeros: an argument that is one counts as zero, and where the
// exact result is below the smallest normal number, that number is the unit.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <memory>
#include <vector>

#include "numerics/packet_math.hpp"
#include "numerics/parallel.hpp"
#include "numerics/random.hpp"

namespace echocell::tests {
namespace {

// ---- blocks of floats

/// Floats that differ in their last 12 bits alone, so neither in sign nor in exponent.
constexpr int kBlockBits = 12;
constexpr std::uint32_t kBlockSize = std::uint32_t{1} << kBlockBits;

struct Block {
  float x[kBlockSize], ours[kBlockSize];
  double exact[kBlockSize];
};

/// The greatest |ours - exact| in ulp of exact, as the bits of a float: so NaN is the greatest.
std::int32_t greatest_error(const Block& b) {
  constexpr std::int64_t kExponent = std::int64_t{0x7FF} << 52;
  constexpr double kSmallest = std::numeric_limits<float>::min();
  std::int32_t greatest = 0;
  for (std::uint32_t k = 0; k < kBlockSize; ++k) {
    const double gap = std::abs(static_cast<double>(b.ours[k]) - b.exact[k]);
    const double power = bits_as<double>(bits_as<std::int64_t>(b.exact[k]) & kExponent);
    const double unit = power < kSmallest ? kSmallest : power * 0x1p-23;
    const auto error = bits_as<std::int32_t>(static_cast<float>(gap / unit));
    greatest = error > greatest ? error : greatest;
  }
  return greatest;
}

// ---- the functions: ours and the library's. Those of all floats have, close to 0, a series whose
// next term is nothing to a float: that spares most of the calls.

template <class F>
struct OfAllFloats {
  static constexpr std::uint32_t kBlocks = std::uint32_t{1} << (32 - kBlockBits);

  static void expect(Block& b) {
    constexpr float kFlat = 128.0f;  // from here on, all are constant, or clamped
    const float size = std::abs(b.x[0]);
    if (size < 0x1p-13f) {
      for (std::uint32_t k = 0; k < kBlockSize; ++k) b.exact[k] = F::near_zero(double{b.x[k]});
    } else if (size < kFlat) {
      for (std::uint32_t k = 0; k < kBlockSize; ++k) b.exact[k] = F::exact(double{b.x[k]}, 88.0);
    } else {
      std::fill_n(b.exact, kBlockSize, F::exact(double{std::copysign(kFlat, b.x[0])}, 88.0));
    }
    if (std::isnan(b.x[kBlockSize - 1])) expect_nan(b);
  }

 private:
  /// NaN of NaN is right: both become zeros.
  static void expect_nan(Block& b) {
    for (std::uint32_t k = 0; k < kBlockSize; ++k) {
      if (!std::isnan(b.x[k])) continue;
      b.exact[k] = 0;
      b.ours[k] = std::isnan(b.ours[k]) ? 0.0f : std::numeric_limits<float>::infinity();
    }
  }
};

/// Clamped at the limit, 88 for floats.
struct Exp : OfAllFloats<Exp> {
  static constexpr const char* kName = "exp";
  static constexpr double kBound = 2.5;
  template <class Scalar>
  static Packet<Scalar> ours(const Packet<Scalar>& x) {
    return echocell::exp(x);
  }
  template <class E>
  static E exact(E x, E limit) {
    return std::exp(std::min(x, limit));
  }
  static double near_zero(double x) { return 1 + x * (1 + x * (1.0 / 2 + x / 6)); }
};

struct Expm1 : OfAllFloats<Expm1> {
  static constexpr const char* kName = "expm1";
  static constexpr double kBound = 2.5;
  template <class Scalar>
  static Packet<Scalar> ours(const Packet<Scalar>& x) {
    return echocell::expm1(x);
  }
  template <class E>
  static E exact(E x, E limit) {
    return std::expm1(std::min(x, limit));
  }
  static double near_zero(double x) { return x * (1 + x * (1.0 / 2 + x * (1.0 / 6 + x / 24))); }
};

struct Sigmoid : OfAllFloats<Sigmoid> {
  static constexpr const char* kName = "sigmoid";
  static constexpr double kBound = 2.5;
  template <class Scalar>
  static Packet<Scalar> ours(const Packet<Scalar>& x) {
    return echocell::sigmoid(x);
  }
  template <class E>
  static E exact(E x, E) {
    return 1 / (1 + std::exp(-x));
  }
  static double near_zero(double x) { return 1.0 / 2 + x * (1.0 / 4 - x * x / 48); }
};

struct Tanh : OfAllFloats<Tanh> {
  static constexpr const char* kName = "tanh";
  static constexpr double kBound = 2.5;
  template <class Scalar>
  static Packet<Scalar> ours(const Packet<Scalar>& x) {
    return echocell::tanh(x);
  }
  template <class E>
  static E exact(E x, E) {
    return std::tanh(x);
  }
  static double near_zero(double x) { return x * (1 - x * x * (1.0 / 3 - x * x * (2.0 / 15))); }
};

/// Of Adam: 1 / (sqrt(v) + epsilon) for v from 0 to 10^37.
struct OverRoot {
  static constexpr const char* kName = "1 / (sqrt + 1e-7)";
  static constexpr double kBound = 8.0;
  static constexpr std::uint32_t kBlocks = 0x7CF0BDC2 >> kBlockBits;
  template <class Scalar>
  static Packet<Scalar> ours(const Packet<Scalar>& v) {
    return divide_by_root<Scalar>(Packet<Scalar>::Ones(), v, Scalar(1e-7f));
  }
  static void expect(Block& b) {
    for (std::uint32_t k = 0; k < kBlockSize; ++k) {
      b.exact[k] = 1 / (std::sqrt(double{b.x[k]}) + double{1e-7f});
    }
  }
};

// ---- all floats

template <class F>
std::int32_t check_block(std::uint32_t index, Block& b) {
  for (std::uint32_t k = 0; k < kBlockSize; ++k) {
    b.x[k] = bits_as<float>((index << kBlockBits) + k);
  }
  for (std::uint32_t k = 0; k < kBlockSize; k += std::uint32_t(kLanes<float>)) {
    const Packet<float> x = Packet<float>::Map(b.x + k);
    Packet<float>::Map(b.ours + k) = F::template ours<float>(x);
  }
  F::expect(b);
  return greatest_error(b);
}

/// Prints a line; true if the error is within the bound.
bool report(const char* name, const char* type, double count, double error, double bound) {
  const bool good = error <= bound;
  std::printf("%-18s %-7s %11.0f numbers: at most %.3f ulp%s\n", name, type, count, error,
              good ? "" : ", which is TOO MUCH");
  std::fflush(stdout);
  return good;
}

template <class F>
bool check_floats(std::uint32_t every) {
  constexpr std::uint32_t kSlices = 64;
  std::vector<std::int32_t> greatest(kSlices);
  run_slices(kSlices, true, [&](Index slice) {
    const auto block = std::make_unique<Block>();
    std::int32_t& mine = greatest[static_cast<std::size_t>(slice)];
    for (auto k = static_cast<std::uint32_t>(slice) * every; k < F::kBlocks; k += kSlices * every) {
      mine = std::max(mine, check_block<F>(k, *block));
    }
  });
  const std::int32_t error = *std::max_element(greatest.begin(), greatest.end());
  const double blocks = std::ceil(double{F::kBlocks} / every);
  return report(F::kName, "float", blocks * kBlockSize, double{bits_as<float>(error)}, F::kBound);
}

// ---- a sample of doubles

/// Of all sizes from 2^-60 to 2^10, and more of those where the functions bend.
double sample(const Random& random, std::uint64_t k) {
  const double at = 2 * random.uniform(2 * k) - 1, size = random.uniform(2 * k + 1);
  if (k % 2 == 0) return std::copysign(std::exp2(70 * size - 60), at);
  return at * (k % 4 == 1 ? 4.0 : 45.0);
}

/// In ulp of a double; NaN counts as infinite.
double error_of(double ours, long double exact) {
  const long double ulp = std::ldexp(1.0L, std::ilogb(exact) - 52);
  const long double unit = std::max<long double>(ulp, std::numeric_limits<double>::min());
  const long double error = std::abs(static_cast<long double>(ours) - exact) / unit;
  return error >= 0 ? static_cast<double>(error) : std::numeric_limits<double>::infinity();
}

template <class F>
bool check_doubles(std::uint32_t every) {
  const Random random{7};
  const std::uint64_t count = (std::uint64_t{1} << 21) / every;
  double greatest = 0;
  run_slices(1, false, [&](Index) {
    for (std::uint64_t k = 0; k < count; ++k) {
      const double x = sample(random, k);
      const double ours = F::template ours<double>(Packet<double>::Constant(x))[0];
      const auto exact = F::exact(static_cast<long double>(x), 708.0L);
      greatest = std::max(greatest, error_of(ours, exact));
    }
  });
  return report(F::kName, "double", static_cast<double>(count), greatest, F::kBound);
}

template <class... F>
bool check_all(std::uint32_t every) {
  const bool floats[] = {check_floats<F>(every)..., check_floats<OverRoot>(every)};
  const bool doubles[] = {check_doubles<F>(every)...};
  const auto good = [](bool one) { return one; };
  return std::all_of(std::begin(floats), std::end(floats), good) &&
         std::all_of(std::begin(doubles), std::end(doubles), good);
}

}  // namespace
}  // namespace echocell::tests

int main(int argc, char** argv) {
  using namespace echocell::tests;
  const long every = argc > 1 ? std::atol(argv[1]) : 1;
  if (every < 1 || every > 10000) {
    std::fprintf(stderr, "usage: %s [1 to 10000]\n", argv[0]);
    return 2;
  }
  return check_all<Exp, Expm1, Sigmoid, Tanh>(static_cast<std::uint32_t>(every)) ? 0 : 1;
}
