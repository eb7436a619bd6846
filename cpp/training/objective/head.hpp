// What stands at the end of a network in training: targets, weights, the loss and the metrics.
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
struct Tally {
  double loss = 0;  // weighted by the samples of each batch
  double samples = 0;
  std::vector<double> metric_sums, metric_weights;

  explicit Tally(std::size_t metrics) : metric_sums(metrics), metric_weights(metrics) {}
};

/// The numbers a head needs for one slice.
template <class Scalar>
struct HeadBuffers {
  Index rows = 0;             // R
  Index inner = 0;            // of them to a time step of one sample
  Scalar* targets = nullptr;  // [R, W], W = 1 for class indices, else C
  Scalar* weights = nullptr;  // [R]: of the loss
  Scalar* values = nullptr;   // [R]
  double loss = 0;            // sum of weight * value over the slice
  double valid = 0;           // rows that the mask lets through
  std::vector<double> metric_sums;
};

template <class Scalar>
class Head {
 public:
  /// Throws std::invalid_argument where loss, metrics and output do not go together.
  Head(const Network<Scalar>& network, const LossOptions& loss, std::vector<MetricOptions> metrics);

  /// Numbers of y that one sample with this output shape has.
  Index target_size(const Shape& output) const;
  /// The tensor that the loss reads, and whose gradient backward() starts from: the node behind it
  /// is left out where the loss takes logits.
  Index loss_tensor() const { return loss_tensor_; }
  LossKind loss() const { return loss_.kind; }
  const std::vector<MetricOptions>& metrics() const { return metrics_; }

  HeadBuffers<Scalar> plan(Slice<Scalar>& slice) const;
  /// Copies targets and weights of the slice's rows: row b of it is sample order[b] of the part. An
  /// output without the time steps of the input takes the targets of whole samples.
  void load(const Dataset<Scalar>& data, const Part& part, Slice<Scalar>& slice,
            HeadBuffers<Scalar>& head) const;
  /// Whether there is an output, and a target, at every time step of the input.
  bool timed() const { return timed_; }
  /// The tensor up to which a network must run in training: without metrics nobody reads what lies
  /// behind the one of the loss.
  Index last_read() const { return metrics_.empty() ? loss_tensor_ : nodes_; }
  /// The loss and the metrics, summed over the slice.
  void evaluate(const Slice<Scalar>& slice, HeadBuffers<Scalar>& head) const;
  /// The same, and the gradient of scale * loss into the slice's gradient of loss_tensor(), where
  /// that is wanted.
  void differentiate(Slice<Scalar>& slice, HeadBuffers<Scalar>& head, double scale) const;
  /// Keras's mean: over all rows, or over the valid ones where there is a mask.
  double scale(const std::vector<HeadBuffers<Scalar>>& heads) const;
  /// Whether the targets and weights that load() took are finite.
  bool finite(const HeadBuffers<Scalar>& head) const;
  /// The values of loss and metrics that a tally amounts to.
  std::vector<double> logs(const Tally& tally) const;

 private:
  void sum_values(const Slice<Scalar>& slice, HeadBuffers<Scalar>& head) const;

  LossOptions loss_;
  OutputKind output_kind_ = OutputKind::values;
  std::vector<MetricOptions> metrics_;
  Index width_ = 0;         // C
  Index target_width_ = 0;  // W
  Index nodes_ = 0;         // of the network
  Index loss_tensor_ = 0;
  bool timed_ = false;
};

}  // namespace echocell
