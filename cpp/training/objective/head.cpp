#include "training/objective/head.hpp"

#include <algorithm>

#include "numerics/copy.hpp"
#include "numerics/finite.hpp"

namespace echocell {
namespace {

/// The weight of a step of the output for sample k. ragged: outputs follow each other as in x.
template <class Scalar>
Scalar weight(const Dataset<Scalar>& data, bool ragged, Index k, Index step) {
  if (data.weights == nullptr) return Scalar(1);
  if (data.weight_steps == 0) return data.weights[k];
  return data.weights[(ragged ? data.start(k) : k * data.weight_steps) + step];
}

}  // namespace

template <class Scalar>
Head<Scalar>::Head(const Network<Scalar>& network, const LossOptions& loss,
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
Index Head<Scalar>::target_size(const Shape& output) const {
  return volume(output) / width_ * target_width_;
}

template <class Scalar>
HeadBuffers<Scalar> Head<Scalar>::plan(Slice<Scalar>& slice) const {
  HeadBuffers<Scalar> head;
  const Index R = head.rows = slice.output().size() / width_;
  head.inner = R / slice.output().rows();
  head.targets = slice.workspace.template take<Scalar>(R * target_width_);
  head.weights = slice.workspace.template take<Scalar>(R);
  head.values = slice.workspace.template take<Scalar>(R);
  head.metric_sums.assign(metrics_.size(), 0.0);
  return head;
}

template <class Scalar>
void Head<Scalar>::load(const Dataset<Scalar>& data, const Part& part, Slice<Scalar>& slice,
                        HeadBuffers<Scalar>& head) const {
  const Tensor<Scalar>& output = slice.output();
  const Index T = output.steps, B = output.batch;
  const Index inner = head.inner, step = inner * target_width_;
  const bool ragged = timed_ && data.ragged();
  const bool all_count = !ragged && !slice.output_mask() && data.weights == nullptr;
  head.valid = all_count ? static_cast<double>(head.rows) : 0.0;
  if (all_count) std::fill_n(head.weights, head.rows, Scalar(1));
  for (Index b = 0; b < B; ++b) {
    const Index k = part.order[b];
    const StepRange span =
        ragged ? steps_of(data, part, k) : StepRange{timed_ ? part.first : 0, 0, T};
    const Scalar* y = data.y + (ragged ? data.start(k) * step : k * data.target_size);
    for (Index t = 0; t < T; ++t) {
      const bool given = t >= span.at && t < span.at + span.count;
      const Index from = t - span.at + span.from;
      copy_or_zero(given ? y + from * step : nullptr, step, head.targets + (t * B + b) * step);
      if (all_count) continue;
      const bool valid = given && slice.output_mask().valid(t, b);
      std::fill_n(head.weights + (t * B + b) * inner, inner,
                  valid ? weight(data, ragged, k, from) : Scalar(0));
      head.valid += valid ? static_cast<double>(inner) : 0.0;
    }
  }
}

template <class Scalar>
bool Head<Scalar>::finite(const HeadBuffers<Scalar>& head) const {
  return all_finite(head.targets, head.rows * target_width_) && all_finite(head.weights, head.rows);
}

template <class Scalar>
void Head<Scalar>::evaluate(const Slice<Scalar>& slice, HeadBuffers<Scalar>& head) const {
  loss_rows(loss_, output_kind_, slice.tensors[std::size_t(loss_tensor_)].data, head.targets,
            head.rows, width_, head.values);
  sum_values(slice, head);
}

template <class Scalar>
void Head<Scalar>::differentiate(Slice<Scalar>& slice, HeadBuffers<Scalar>& head,
                                 double scale) const {
  const Tensor<Scalar>& gradient = slice.gradients[std::size_t(loss_tensor_)];
  if (!gradient) return evaluate(slice, head);  // no parameter stands in front of the loss
  loss_and_gradient_rows(loss_, output_kind_, slice.tensors[std::size_t(loss_tensor_)].data,
                         head.targets, head.rows, width_, head.weights, static_cast<Scalar>(scale),
                         head.values, gradient.data);
  sum_values(slice, head);
}

/// The sums of the loss, whose values are there, and of the metrics.
template <class Scalar>
void Head<Scalar>::sum_values(const Slice<Scalar>& slice, HeadBuffers<Scalar>& head) const {
  const Index R = head.rows;
  head.loss = 0;
  for (Index r = 0; r < R; ++r) {
    if (head.weights[r] != Scalar(0)) {
      head.loss += static_cast<double>(head.weights[r]) * static_cast<double>(head.values[r]);
    }
  }
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    metric_rows(metrics_[m], slice.output().data, head.targets, R, width_, target_width_,
                head.values);
    double sum = 0;
    for (Index r = 0; r < R; ++r) {
      const Index row = r / head.inner;
      if (!slice.output_mask() || slice.output_mask().data[row]) sum += double(head.values[r]);
    }
    head.metric_sums[m] = sum;
  }
}

template <class Scalar>
double Head<Scalar>::scale(const std::vector<HeadBuffers<Scalar>>& heads) const {
  double valid = 0;
  for (const auto& head : heads) valid += head.valid;
  return valid > 0 ? 1.0 / valid : 0.0;  // all of it may be masked
}

template <class Scalar>
std::vector<double> Head<Scalar>::logs(const Tally& tally) const {
  std::vector<double> logs{tally.samples > 0 ? tally.loss / tally.samples : 0.0};
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    logs.push_back(metric_result(metrics_[m], tally.metric_sums[m], tally.metric_weights[m]));
  }
  return logs;
}

template class Head<float>;
template class Head<double>;

}  // namespace echocell
