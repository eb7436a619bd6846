#include "training/objective/objective.hpp"

#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// The weight of a step of the output for sample k. ragged: outputs follow each other as in x.
template <class Scalar>
Scalar sample_weight(const Dataset<Scalar>& data, bool ragged, Index k, Index step) {
  if (!data.weights) return Scalar(1);
  if (data.weight_steps == 0) return data.weights[k];
  return data.weights[(ragged ? data.start(k) : k * data.weight_steps) + step];
}

/// The sum of weight * value; a value of weight 0 may be anything.
template <class Scalar>
double weighted_sum(const ConstArrayView<Scalar>& weights, const ConstArrayView<Scalar>& values) {
  return (weights == Scalar(0))
      .select(0.0, weights.template cast<double>() * values.template cast<double>())
      .sum();
}

}  // namespace

template <class Scalar>
Objective<Scalar>::Objective(const Network<Scalar>& network, const LossOptions& loss,
                             std::vector<MetricOptions> metrics)
    : loss_(loss), metrics_(std::move(metrics)) {
  nodes_ = static_cast<Index>(network.nodes().size());
  if (const auto activation = network.output_activation()) {
    output_kind_ = fusable(loss_, *activation);
  }
  loss_tensor_ = output_kind_ == OutputKind::values ? nodes_ : nodes_ - 1;
  width_ = network.output_shape().back();
  if (width_ == kOpen) throw std::invalid_argument("the last axis of the output must be known");
  target_width_ = echocell::target_width(loss_.kind, width_);
  timed_ = network.timed_output();
  for (const MetricOptions& metric : metrics_) check_metric(metric, width_, target_width_);
}

template <class Scalar>
SliceObjective<Scalar> Objective<Scalar>::plan(Slice<Scalar>& slice) const {
  const Tensor<Scalar>& output = slice.output();
  Workspace& workspace = slice.workspace;
  const Index rows = output.size() / width_;
  SliceObjective<Scalar> objective;
  objective.parts = output.width / width_;
  objective.targets =
      workspace.tensor<Scalar>(output.steps, output.batch, objective.parts * target_width_);
  objective.counted = workspace.span<Scalar>(rows);
  objective.weights = workspace.span<Scalar>(rows);
  objective.values = workspace.span<Scalar>(rows);
  objective.metric_sums.assign(metrics_.size(), 0.0);
  return objective;
}

template <class Scalar>
void Objective<Scalar>::load(const Dataset<Scalar>& data, const Part& part,
                             const Slice<Scalar>& slice, SliceObjective<Scalar>& objective) const {
  const Tensor<Scalar>& targets = objective.targets;
  const Index T = targets.steps, B = targets.batch, width = targets.width, parts = objective.parts;
  const bool ragged = timed_ && data.ragged();
  const bool all_count = !ragged && !slice.output_mask() && !data.weights;
  if (all_count) {
    objective.counted.array().setOnes();
    objective.weights.array().setOnes();
  }
  for (Index b = 0; b < B; ++b) {
    const Index k = part.order[b];
    const StepRange span =
        ragged ? steps_of(data, part, k) : StepRange{timed_ ? part.first : 0, 0, T};
    const Scalar* y = data.y.data + (ragged ? data.start(k) * width : k * data.target_size);
    for (Index t = 0; t < T; ++t) {
      const bool given = span.holds(t);
      const Index from = t - span.at + span.from, first = (t * B + b) * parts;
      copy_or_zero(given ? y + from * width : nullptr, width, targets.row(t, b).data());
      if (all_count) continue;
      const bool counts = given && slice.output_mask().valid(t, b);
      objective.counted.part(first, parts).array() = Scalar(counts);
      objective.weights.part(first, parts).array() =
          counts ? sample_weight(data, ragged, k, from) : Scalar(0);
    }
  }
  objective.rows = all_count ? static_cast<double>(objective.counted.size)
                             : objective.counted.array().template cast<double>().sum();
}

template <class Scalar>
void Objective<Scalar>::evaluate(const Slice<Scalar>& slice,
                                 SliceObjective<Scalar>& objective) const {
  loss_of_rows<Scalar>(loss_, output_kind_, rows(slice.tensors[std::size_t(loss_tensor_)]),
                       objective.target_rows(), objective.values.array());
  sum_values(slice, objective);
}

template <class Scalar>
void Objective<Scalar>::differentiate(const Slice<Scalar>& slice, SliceObjective<Scalar>& objective,
                                      double scale) const {
  const Tensor<Scalar>& output = slice.tensors[std::size_t(loss_tensor_)];
  const Tensor<Scalar>& gradient = slice.gradients[std::size_t(loss_tensor_)];
  if (!gradient) return evaluate(slice, objective);  // no parameter stands in front of the loss
  loss_and_gradient_of_rows<Scalar>(loss_, output_kind_, rows(output), objective.target_rows(),
                                    objective.weights.const_array(), static_cast<Scalar>(scale),
                                    objective.values.array(), gradient.rows_of(width_));
  sum_values(slice, objective);
}

/// The sums of the loss, whose values are there, and of the metrics.
template <class Scalar>
void Objective<Scalar>::sum_values(const Slice<Scalar>& slice,
                                   SliceObjective<Scalar>& objective) const {
  const auto sum = [&](Span<Scalar> weights) {
    return weighted_sum<Scalar>(weights.const_array(), objective.values.const_array());
  };
  objective.loss = sum(objective.weights);
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    metric_of_rows<Scalar>(metrics_[m], rows(slice.output()), objective.target_rows(),
                           objective.values.array());
    objective.metric_sums[m] = sum(objective.counted);
  }
}

template <class Scalar>
std::vector<double> Objective<Scalar>::logs(const MetricSums& sums) const {
  std::vector<double> logs{sums.samples > 0 ? sums.loss / sums.samples : 0.0};
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    logs.push_back(metric_result(metrics_[m], sums.metrics[m], sums.rows));
  }
  return logs;
}

template class Objective<float>;
template class Objective<double>;

}  // namespace echocell
