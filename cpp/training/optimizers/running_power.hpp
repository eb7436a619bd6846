// Powers that Adam's correction needs at every update.
#pragma once

#include <cmath>
#include <cstdint>

namespace echocell {

/// base^n for n that usually goes up by one: then a multiplication, where std::pow would be a good
/// part of a small update. What it gives depends on base and n alone.
class RunningPower {
 public:
  double at(double base, std::int64_t n) {
    constexpr std::int64_t kFromHere = 1024;  // powers of multiples of this are taken anew
    if (base != base_ || n < n_ || n / kFromHere != n_ / kFromHere) {
      base_ = base;
      n_ = n / kFromHere * kFromHere;
      value_ = std::pow(base, static_cast<double>(n_));
    }
    for (; n_ < n; ++n_) value_ *= base;
    return value_;
  }

 private:
  double base_ = -1, value_ = 1;
  std::int64_t n_ = 0;
};

}  // namespace echocell
