#include "training/objective/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "training/objective/kind_names.hpp"
#include "training/objective/losses.hpp"

namespace echocell {
namespace {

constexpr KindName<MetricKind> kMetricNames[] = {
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

bool wants_class_index(MetricKind kind) {
  return kind == MetricKind::sparse_categorical_accuracy ||
         kind == MetricKind::sparse_top_k_categorical_accuracy ||
         kind == MetricKind::sparse_categorical_crossentropy;
}

bool broadcasts(MetricKind kind) {
  return kind == MetricKind::binary_accuracy || kind == MetricKind::mean_squared_error ||
         kind == MetricKind::mean_absolute_error || kind == MetricKind::root_mean_squared_error;
}

template <class Scalar>
Index argmax(const Scalar* row, Index width) {
  return std::max_element(row, row + width) - row;
}

// Whether fewer than k entries are larger than that of the class; never, where the entry is NaN.
template <class Scalar>
bool in_top_k(const Scalar* row, Index width, Index label, Index k) {
  const Scalar score = row[label];
  if (std::isnan(score)) return false;
  return std::count_if(row, row + width, [score](Scalar other) { return other > score; }) < k;
}

// values[r] = value(r), a bool or a number.
template <class Scalar, class Value>
void each_row(Index rows, Scalar* values, const Value& value) {
  for (Index r = 0; r < rows; ++r) values[r] = static_cast<Scalar>(value(r));
}

// values[r] = the mean over columns of value(output, target). A target of width 1 stands against
// every column.
template <class Scalar, class Value>
void each_column(const Scalar* output, const Scalar* target, Index rows, Index width,
                 Index target_width, Scalar* values, const Value& value) {
  const Index target_step = target_width == 1 ? 0 : 1;
  each_row(rows, values, [=](Index r) {
    const Scalar* y = output + r * width;
    const Scalar* t = target + r * target_width;
    double sum = 0;
    for (Index c = 0; c < width; ++c) sum += static_cast<double>(value(y[c], t[c * target_step]));
    return sum / static_cast<double>(width);
  });
}

// values[r] = whether right(row of the output, the class that the target says).
template <class Scalar, class Right>
void each_class(const MetricOptions& options, const Scalar* output, const Scalar* target,
                Index rows, Index width, Scalar* values, const Right& right) {
  const bool sparse = wants_class_index(options.kind);
  each_row(rows, values, [=](Index r) {
    const Scalar* y = output + r * width;
    if (!sparse) return right(y, argmax(target + r * width, width));
    const Scalar label = target[r];
    const bool known = label >= 0 && label < static_cast<Scalar>(width);
    return known && right(y, static_cast<Index>(label));
  });
}

}  // namespace

MetricKind metric_kind(const std::string& name) { return find_kind(kMetricNames, "metric", name); }

void check_metric(const MetricOptions& options, Index output_width, Index target_width) {
  const Index expected = wants_class_index(options.kind) ? 1 : output_width;
  if (target_width == expected || (target_width == 1 && broadcasts(options.kind))) return;
  std::string name;
  for (const auto& row : kMetricNames) {
    if (row.kind == options.kind) name = row.name;
  }
  throw std::invalid_argument("metric " + name + ": expected targets of width " +
                              std::to_string(expected) + "; received width " +
                              std::to_string(target_width));
}

template <class Scalar>
void metric_rows(const MetricOptions& options, const Scalar* output, const Scalar* target,
                 Index rows, Index output_width, Index target_width, Scalar* values) {
  const Index width = output_width;
  const auto columns = [=](const auto& value) {
    each_column(output, target, rows, width, target_width, values, value);
  };
  const auto classes = [=, &options](const auto& right) {
    each_class(options, output, target, rows, width, values, right);
  };
  const auto loss = [=](LossKind kind) {
    LossOptions loss_options;
    loss_options.kind = kind;
    loss_rows(loss_options, OutputKind::values, output, target, rows, width, values);
  };
  switch (options.kind) {
    case MetricKind::binary_accuracy:
      return columns([threshold = static_cast<Scalar>(options.threshold)](Scalar y, Scalar t) {
        return t == static_cast<Scalar>(y > threshold);
      });
    case MetricKind::categorical_accuracy:
    case MetricKind::sparse_categorical_accuracy:
      return classes([width](const Scalar* y, Index label) { return argmax(y, width) == label; });
    case MetricKind::mean_squared_error:
    case MetricKind::root_mean_squared_error:
      return columns([](Scalar y, Scalar t) { return (y - t) * (y - t); });
    case MetricKind::mean_absolute_error:
      return columns([](Scalar y, Scalar t) { return std::abs(y - t); });
    case MetricKind::top_k_categorical_accuracy:
    case MetricKind::sparse_top_k_categorical_accuracy:
      return classes([width, k = options.k](const Scalar* y, Index label) {
        return in_top_k(y, width, label, k);
      });
    case MetricKind::categorical_crossentropy:
      return loss(LossKind::categorical_crossentropy);
    case MetricKind::sparse_categorical_crossentropy:
      return loss(LossKind::sparse_categorical_crossentropy);
    case MetricKind::binary_crossentropy:
      return loss(LossKind::binary_crossentropy);
  }
}

double metric_result(const MetricOptions& options, double weighted_sum, double weight) {
  const double mean = weight == 0 ? 0 : weighted_sum / weight;
  return options.kind == MetricKind::root_mean_squared_error ? std::sqrt(mean) : mean;
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                           \
  template void metric_rows<Scalar>(const MetricOptions&, const Scalar*, const Scalar*, Index, \
                                    Index, Index, Scalar*);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
