// The yardstick of this build: multiply-adds in registers, which wait for neither memory nor each
// other.
#pragma once

#include <array>
#include <cstddef>

#include "numerics/packet.hpp"

namespace echocell::bench {

template <class Scalar>
class Peak {
  static constexpr std::size_t kSums = 12, kLanes = std::size_t(echocell::kLanes<Scalar>);
  static constexpr int kRounds = 1000;

 public:
  using Sums = std::array<Scalar, kSums * kLanes>;
  static constexpr double kOperations = 2.0 * kRounds * double(kSums * kLanes);  // of one run

  /// `term` is a number that the compiler cannot know. The sums draw near to twice of it.
  void run(Scalar term) {
    Register<Scalar> local[kSums];
    const Register<Scalar> factors = broadcast(Scalar(0.5)), terms = broadcast(term);
    for (std::size_t k = 0; k < kSums; ++k) local[k] = load(&sums_[k * kLanes]);
    for (int round = 0; round < kRounds; ++round) {
      for (auto& sum : local) sum = multiply_add(sum, factors, terms);
    }
    for (std::size_t k = 0; k < kSums; ++k) store(&sums_[k * kLanes], local[k]);
  }
  const Sums& sums() const { return sums_; }

 private:
  Sums sums_{};
};

}  // namespace echocell::bench
