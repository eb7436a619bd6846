// The data that a model trains on, and the way of their numbers into a batch and out of it.
#pragma once

#include "numerics/shape.hpp"
#include "numerics/tensor.hpp"

namespace echocell {

/// A data set, batch-major as it comes from outside. It owns nothing.
///
/// Samples may differ in length. Then they follow each other without gaps, step by step: so in x,
/// and in y and weights where there is an output at every time step of the input.
template <class Scalar>
struct Dataset {
  Span<const Scalar> x, y;
  Span<const Scalar> weights;  // null: all 1
  Index samples = 0;
  Shape sample;              // of one input, the longest; no open axes
  Index target_size = 0;     // numbers of y per sample, where it does not differ
  Index weight_steps = 0;    // 0: a weight per sample; T: one for each of T output steps
  Span<const Index> starts;  // [samples + 1]: the first step of each; null: all equally long

  /// The first axis of a sample: its time steps, if it has any.
  Index steps() const { return sample.empty() ? 1 : sample[0]; }
  bool ragged() const { return bool(starts); }
  Index start(Index k) const { return starts ? starts[k] : k * steps(); }
  Index length(Index k) const { return start(k + 1) - start(k); }
  /// All time steps of x: step t of sample k is row start(k) + t.
  ConstRowsView<Scalar> step_rows() const { return x.rows(start(samples)); }
};

/// The part of a data set that one pass takes: the samples order[0], order[1], ..., and of each the
/// steps [first, first + steps). Behind its last step a sample is padded.
struct Part {
  Span<const Index> order;
  Index first = 0;
  Index steps = 0;
  bool padded = false;            // samples of different lengths
  Span<const Index> labels = {};  // [rows]: see Pass::row_labels
  Index end = 0;                  // above 0: all samples end there, and are padded in front

  Index rows() const { return order.size; }
  /// Only `count` rows, from number `row` on.
  Part row_range(Index row, Index count) const {
    Part part = *this;
    part.order = order.part(row, count);
    part.labels = labels.part(row, count);
    return part;
  }
  /// Only these steps of it.
  Part window(Index from, Index count) const {
    Part part = *this;
    part.first += from;
    part.steps = count;
    return part;
  }
};

/// Steps [from, from + count) of a sample, that stand at [at, at + count) of a part.
struct StepRange {
  Index from = 0;
  Index at = 0;
  Index count = 0;

  /// Whether a step of the part is one of them.
  bool holds(Index t) const { return t >= at && t < at + count; }
};

/// The steps of sample k that a part has.
template <class Scalar>
StepRange steps_of(const Dataset<Scalar>& data, const Part& part, Index k);

/// Row b of `to` becomes sample order[b] of the part: batch-major [B, T, C] outside, time-major
/// [T, B, C] inside. Padding is zeros.
template <class Scalar>
void gather(const Dataset<Scalar>& data, const Part& part, const Tensor<Scalar>& to);

/// Which steps of the part each row has.
template <class Scalar>
void gather_lengths(const Dataset<Scalar>& data, const Part& part, const Mask& to);

/// The way back: row b goes to where sample order[b] stands among numbers that are arranged sample
/// by sample, or, timed, step by step like x.
template <class Scalar>
void scatter(const Dataset<Scalar>& data, const Part& part, const Tensor<const Scalar>& from,
             bool timed, Span<Scalar> samples);

}  // namespace echocell
