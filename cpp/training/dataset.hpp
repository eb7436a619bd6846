// The data that a model trains on, and the way of their numbers into a batch and out of it.
#pragma once

#include "numerics/shape.hpp"
#include "numerics/tensor.hpp"

namespace echocell {

/// A data set, batch-major as it comes from outside. It owns nothing.
template <class S>
struct Dataset {
  const S* x = nullptr;
  const S* y = nullptr;
  const S* weights = nullptr;  // [samples, weight_steps], or null: all 1
  Index samples = 0;
  Shape sample;            // of one input, no open axes
  Index target_size = 0;   // numbers of y per sample
  Index weight_steps = 1;  // 1: a weight per sample; T: a weight per time step

  /// The first axis of a sample: its time steps, if it has any.
  Index steps() const { return sample.empty() ? 1 : sample[0]; }
};

/// What one pass takes of a data set: the samples order[0 .. rows), and of each the steps
/// [first, first + steps).
struct Part {
  const Index* order = nullptr;
  Index rows = 0;
  Index first = 0;
  Index steps = 0;

  /// Only the rows from `row` on.
  Part from_row(Index row) const { return {order + row, rows - row, first, steps}; }
  /// Only these steps of it.
  Part window(Index from, Index count) const { return {order, rows, first + from, count}; }
};

/// The shape of one sample of such a part.
template <class S>
Shape part_shape(const Dataset<S>& data, const Part& part);

/// Row b of `to` becomes sample order[b] of the part: batch-major [B, T, C] outside, time-major
/// [T, B, C] inside.
template <class S>
void gather(const Dataset<S>& data, const Part& part, const Tensor<S>& to);

/// The way back, whole samples one after the other.
template <class S>
void scatter(const Tensor<const S>& from, S* samples);

}  // namespace echocell
