#include "training/objective/metrics.hpp"

#include <cmath>
#include <stdexcept>

#include "training/objective/losses.hpp"

namespace echocell {
namespace {

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
using Row = ConstArrayView<Scalar>;

/// The targets of a row against its columns: one number alone stands against all of them.
template <class Scalar>
auto spread(const Row<Scalar>& target, Index columns) {
  using Stride = Eigen::InnerStride<>;
  using Columns =
      Eigen::Map<const FixedArray<Scalar, Eigen::Dynamic>, Eigen::Unaligned, Eigen::InnerStride<>>;
  return Columns(target.data(), columns, Stride(target.size() == 1 ? 0 : 1));
}

/// The first of the greatest numbers.
template <class Scalar>
Index argmax(const Row<Scalar>& numbers) {
  Index place = 0;
  numbers.maxCoeff(&place);
  return place;
}

/// Whether fewer than k numbers are greater than number `label`; never, where that is NaN.
template <class Scalar>
bool in_top_k(const Row<Scalar>& y, Index label, Index k) {
  return !std::isnan(y[label]) && (y > y[label]).count() < k;
}

}  // namespace

void check_metric(const MetricOptions& options, Index output_width, Index target_width) {
  const Index expected = wants_class_index(options.kind) ? 1 : output_width;
  if (target_width == expected || (target_width == 1 && broadcasts(options.kind))) return;
  const std::string name = name_of(kMetricNames, options.kind);
  throw std::invalid_argument("metric " + name + ": expected targets of width " +
                              std::to_string(expected) + "; received width " +
                              std::to_string(target_width));
}

template <class Scalar>
void metric_of_rows(const MetricOptions& options, const ConstRowsView<Scalar>& output,
                    const ConstRowsView<Scalar>& target, ArrayView<Scalar> values) {
  using Numbers = Row<Scalar>;
  const Index classes = output.cols();
  const auto each_row = [&](const auto& metric) {
    for (Index r = 0; r < output.rows(); ++r) {
      values[r] = static_cast<Scalar>(metric(row_of(output, r), row_of(target, r)));
    }
  };
  // right(row of the output, the class that its target says)
  const auto each_class = [&](const auto& right) {
    const bool index = wants_class_index(options.kind);
    each_row([&](const Numbers& y, const Numbers& t) {
      const Index label = index ? class_index(t[0], classes) : argmax<Scalar>(t);
      return label >= 0 && right(y, label);
    });
  };
  const auto loss = [&](LossKind kind) {
    LossOptions loss_options;
    loss_options.kind = kind;
    loss_of_rows<Scalar>(loss_options, OutputKind::values, output, target, values);
  };
  switch (options.kind) {
    case MetricKind::binary_accuracy:
      return each_row(
          [threshold = static_cast<Scalar>(options.threshold)](const Numbers& y, const Numbers& t) {
            return (spread<Scalar>(t, y.size()) == (y > threshold).template cast<Scalar>())
                .template cast<double>()
                .mean();
          });
    case MetricKind::categorical_accuracy:
    case MetricKind::sparse_categorical_accuracy:
      return each_class([](const Numbers& y, Index label) { return argmax<Scalar>(y) == label; });
    case MetricKind::mean_squared_error:
    case MetricKind::root_mean_squared_error:
      return each_row([](const Numbers& y, const Numbers& t) {
        return (y - spread<Scalar>(t, y.size())).square().template cast<double>().mean();
      });
    case MetricKind::mean_absolute_error:
      return each_row([](const Numbers& y, const Numbers& t) {
        return (y - spread<Scalar>(t, y.size())).abs().template cast<double>().mean();
      });
    case MetricKind::top_k_categorical_accuracy:
    case MetricKind::sparse_top_k_categorical_accuracy:
      return each_class(
          [k = options.k](const Numbers& y, Index label) { return in_top_k<Scalar>(y, label, k); });
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

template void metric_of_rows<float>(const MetricOptions&, const ConstRowsView<float>&,
                                    const ConstRowsView<float>&, ArrayView<float>);
template void metric_of_rows<double>(const MetricOptions&, const ConstRowsView<double>&,
                                     const ConstRowsView<double>&, ArrayView<double>);

}  // namespace echocell
