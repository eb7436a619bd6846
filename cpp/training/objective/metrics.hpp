// Metrics: one number per row of the output, a weighted mean over rows, a last step. The network
// adds up and keeps the weights.
//
// Legend: R rows (samples, or samples times steps), C the width of the output, W of the target.
#pragma once

#include "numerics/eigen.hpp"
#include "numerics/kind_names.hpp"

namespace echocell {

enum class MetricKind {
  binary_accuracy,
  categorical_accuracy,
  sparse_categorical_accuracy,
  mean_squared_error,
  mean_absolute_error,
  root_mean_squared_error,
  top_k_categorical_accuracy,
  sparse_top_k_categorical_accuracy,
  categorical_crossentropy,
  sparse_categorical_crossentropy,
  binary_crossentropy
};

inline constexpr KindName<MetricKind> kMetricNames[] = {
    {"binary_accuracy", MetricKind::binary_accuracy},
    {"categorical_accuracy", MetricKind::categorical_accuracy},
    {"sparse_categorical_accuracy", MetricKind::sparse_categorical_accuracy},
    {"mean_squared_error", MetricKind::mean_squared_error},
    {"mean_absolute_error", MetricKind::mean_absolute_error},
    {"root_mean_squared_error", MetricKind::root_mean_squared_error},
    {"top_k_categorical_accuracy", MetricKind::top_k_categorical_accuracy},
    {"sparse_top_k_categorical_accuracy", MetricKind::sparse_top_k_categorical_accuracy},
    {"categorical_crossentropy", MetricKind::categorical_crossentropy},
    {"sparse_categorical_crossentropy", MetricKind::sparse_categorical_crossentropy},
    {"binary_crossentropy", MetricKind::binary_crossentropy},
};

struct MetricOptions {
  MetricKind kind = MetricKind::mean_squared_error;
  double threshold = 0.5;  // binary_accuracy: above it is a 1
  Index k = 5;             // the top-k accuracies
};

/// Throws std::invalid_argument where targets of that width do not go with the metric: the sparse
/// metrics want 1 (a class index), the others the width of the output; squared and absolute errors
/// and binary_accuracy also 1, which then stands against every column.
void check_metric(const MetricOptions& options, Index output_width, Index target_width);

/// values [R]: the metric of each row, as Keras defines it. output [R, C] is what the network puts
/// out, after its last activation; target [R, W]. check_metric() must have accepted the widths. The
/// largest entry of a row is its first maximum. A class index outside 0 .. C-1 is never right.
template <class Scalar>
void metric_of_rows(const MetricOptions& options, const ConstRowsView<Scalar>& output,
                    const ConstRowsView<Scalar>& target, ArrayView<Scalar> values);

/// The metric from the sum of weight * value and of the weights; 0 where nothing was weighed.
double metric_result(const MetricOptions& options, double weighted_sum, double weight);

}  // namespace echocell
