// Truncated backpropagation through time: a sequence of T steps is walked in windows of at most k
// steps. States are carried from window to window, gradients are not.
//
// R. J. Williams, J. Peng: An efficient gradient-based algorithm for on-line training of recurrent
// network trajectories, Neural Computation 2(4), 1990: BPTT(h; h') with h = h' = k. I. Sutskever:
// Training recurrent neural networks, PhD thesis, Toronto 2013: truncated BPTT with k1 = k2 = k.
#pragma once

#include <algorithm>

#include "numerics/shape.hpp"

namespace echocell {

struct Window {
  Index first = 0;
  Index steps = 0;
};

/// The windows of T steps, in order. Where k does not divide T one of them is shorter: the last, or
/// where only the end of the sequence is trained, the first.
class Windows {
 public:
  Windows(Index total, Index most, bool short_first)
      : total_(total), most_(most), early_(short_first ? (most - total % most) % most : 0) {}

  Index count() const { return (total_ + most_ - 1) / most_; }
  Window operator[](Index n) const {
    const Index first = std::max<Index>(0, n * most_ - early_);
    return {first, std::min(total_, (n + 1) * most_ - early_) - first};
  }

 private:
  Index total_, most_, early_;
};

/// A mean of numbers of different weight. One number alone comes back as it was, bit for bit.
class Mean {
 public:
  void add(double value, double weight) {
    if (weight <= 0) return;
    weight_ += weight;
    value_ += (value - value_) * (weight / weight_);
  }
  double value() const { return value_; }

 private:
  double value_ = 0, weight_ = 0;
};

}  // namespace echocell
