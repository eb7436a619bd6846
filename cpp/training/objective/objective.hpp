// The objective of training: targets, their weights, the loss and the metrics.
//
// Legend: B rows of the slice, T time steps of the output (1 where it has none), R = T * B * (the
// axes between time and the last one) rows of C numbers each, time-major like every tensor.
#pragma once

#include <vector>

#include "training/network/batch.hpp"
#include "training/network/dataset.hpp"
#include "training/objective/losses.hpp"
#include "training/objective/metrics.hpp"

namespace echocell {

/// Sums over the batches of an epoch.
struct MetricSums {
  double loss = 0;  // weighted by the samples of each batch
  double samples = 0;
  std::vector<double> metrics;  // sums over rows
  double rows = 0;              // that the metrics were summed over

  explicit MetricSums(std::size_t metric_count) : metrics(metric_count) {}
};

/// The targets of one slice, and what they make of its output.
template <class Scalar>
struct SliceObjective {
  Tensor<Scalar> targets;  // [T, B, R / (T B) * W], W = 1 for class indices, else C
  Index parts = 1;         // rows of C numbers to a time step of one sample: R / (T B)
  Span<Scalar> counted;    // [R]: 1, or 0 for a row that a mask or the end of its sample leaves out
  Span<Scalar> weights;    // [R]: of the loss; 0 where `counted` is
  Span<Scalar> values;     // [R]
  double loss = 0;         // sum of weight * value over the slice
  double rows = 0;         // that are counted
  std::vector<double> metric_sums;

  ConstRowsView<Scalar> target_rows() const {
    return rows_view<const Scalar>(targets.data, counted.size, targets.size() / counted.size);
  }
};

template <class Scalar>
class Objective {
 public:
  /// Throws std::invalid_argument where loss, metrics and output do not go together.
  Objective(const Network<Scalar>& network, const LossOptions& loss,
            std::vector<MetricOptions> metrics);

  /// The tensor that the loss reads, and whose gradient backward() starts from: the node behind it
  /// is left out where the loss takes logits.
  Index loss_tensor() const { return loss_tensor_; }
  LossKind loss() const { return loss_.kind; }
  MetricSums no_sums() const { return MetricSums(metrics_.size()); }
  /// Whether there is an output, and a target, at every time step of the input.
  bool timed() const { return timed_; }
  /// The tensor up to which a network must run in training: without metrics none reads what lies
  /// behind the one of the loss.
  Index last_read() const { return metrics_.empty() ? loss_tensor_ : nodes_; }

  SliceObjective<Scalar> plan(Slice<Scalar>& slice) const;
  /// Copies targets and weights of the slice's rows: row b of it is sample order[b] of the part. An
  /// output without the time steps of the input takes the targets of whole samples.
  void load(const Dataset<Scalar>& data, const Part& part, const Slice<Scalar>& slice,
            SliceObjective<Scalar>& objective) const;
  /// The loss and the metrics, summed over the slice.
  void evaluate(const Slice<Scalar>& slice, SliceObjective<Scalar>& objective) const;
  /// The same, and the gradient of scale * loss into the slice's gradient of loss_tensor(), where
  /// that is wanted.
  void differentiate(const Slice<Scalar>& slice, SliceObjective<Scalar>& objective,
                     double scale) const;
  /// The values of loss and metrics that the sums amount to.
  std::vector<double> logs(const MetricSums& sums) const;

 private:
  ConstRowsView<Scalar> rows(const Tensor<Scalar>& tensor) const {
    return rows_view<const Scalar>(tensor.data, tensor.size() / width_, width_);
  }
  void sum_values(const Slice<Scalar>& slice, SliceObjective<Scalar>& objective) const;

  LossOptions loss_;
  OutputKind output_kind_ = OutputKind::values;
  std::vector<MetricOptions> metrics_;
  Index width_ = 0;         // C
  Index target_width_ = 0;  // W
  Index nodes_ = 0;         // of the network
  Index loss_tensor_ = 0;
  bool timed_ = false;
};

/// Keras's mean: over all rows, or over the counted ones where there is a mask.
template <class Scalar>
double mean_scale(const std::vector<SliceObjective<Scalar>>& slices) {
  double rows = 0;
  for (const SliceObjective<Scalar>& slice : slices) rows += slice.rows;
  return rows > 0 ? 1.0 / rows : 0.0;  // all of it may be masked
}

}  // namespace echocell
