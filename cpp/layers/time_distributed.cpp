#include "layers/time_distributed.hpp"

#include "layers/child_pass.hpp"
#include "layers/reshape.hpp"

namespace echocell {
namespace {

// The shape of what one step holds.
Shape rest_of(const Shape& input) {
  if (input.size() < 2) {
    throw std::invalid_argument("TimeDistributed: expected an input of shape " +
                                std::string("(batch, time steps, ...), received ") +
                                to_string(input));
  }
  return {input.begin() + 1, input.end()};
}

// A tensor as the outer and as the inner layer see it. Where the samples of the inner layer have
// one axis, both see the same bytes; otherwise the inner layer has its own, time first.
template <class S>
struct Side {
  bool copies = false;
  Tensor<S> values;    // the inner layer's own; data is null where the outer's is used
  Tensor<S> gradient;  // likewise, and null in inference

  void plan(const Shape& sample, Index rows, bool training, Workspace& workspace) {
    copies = sample.size() >= 2;
    values = gradient = view<S>(nullptr, sample, rows);
    if (copies) values.data = workspace.take<S>(values.size());
    if (copies && training) gradient.data = workspace.take<S>(gradient.size());
  }
  // The outer numbers as rows of whole samples of the inner layer.
  template <class U>
  Tensor<U> rows(Tensor<U> outer) const {
    return {outer.data, 1, values.batch, values.steps * values.width};
  }
};

template <class S>
struct StepsCache : Cache {
  Child<S> child;
  Side<S> input, output;
};

template <class S>
StepsCache<S>& cache_of(const Pass<S>& pass) {
  return static_cast<StepsCache<S>&>(*pass.cache);
}

}  // namespace

template <class S>
TimeDistributed<S>::TimeDistributed(const TimeDistributedOptions& options)
    : layer_(make_layer<S>(*options.layer)) {
  if (layer_->stateful()) {
    throw std::invalid_argument(
        "TimeDistributed: expected a layer that is not stateful, received one with stateful=True");
  }
}

template <class S>
void TimeDistributed<S>::build(const Shape& input) {
  layer_->build(rest_of(input));
  this->parameters_ = layer_->parameters();
}

template <class S>
Shape TimeDistributed<S>::output_shape(const Shape& input) const {
  Shape output = layer_->output_shape(rest_of(input));
  output.insert(output.begin(), input[0]);
  return output;
}

template <class S>
std::unique_ptr<Cache> TimeDistributed<S>::plan(const Shape& input, Index batch, Use use,
                                                Workspace& workspace) const {
  const Shape rest = rest_of(input);
  const Index rows = input[0] * batch;
  auto cache = std::make_unique<StepsCache<S>>();
  cache->child.plan(*layer_, rest, rows, use, workspace);
  cache->input.plan(rest, rows, use.training, workspace);
  cache->output.plan(layer_->output_shape(rest), rows, use.training, workspace);
  return cache;
}

template <class S>
void TimeDistributed<S>::forward(const Pass<S>& pass) const {
  auto& [child, input, output] = cache_of(pass);
  Pass<S>& inner = child.pass;
  child.take_over(pass, 0, 0);
  inner.row_block = pass.row_block == 0 ? pass.input().batch : pass.row_block;
  inner.input_mask = input.copies ? Mask{} : Mask{pass.input_mask.data, 1, input.values.batch};

  inner.inputs[0] = input.values;
  inner.output = output.values;
  if (!input.copies) inner.inputs[0].data = pass.input().data;
  if (!output.copies) inner.output.data = pass.output.data;
  if (input.copies) copy_samples(input.rows(pass.input()), input.values);
  layer_->forward(inner);
  if (output.copies) copy_samples<S>(output.values, output.rows(pass.output));
}

template <class S>
void TimeDistributed<S>::backward(const Pass<S>& pass) const {
  auto& [child, input, output] = cache_of(pass);
  Pass<S>& inner = child.pass;
  const bool wanted = pass.wants_input_gradient();

  inner.output_gradient = output.gradient;
  inner.input_gradients[0] = wanted ? input.gradient : Tensor<S>{};
  if (!output.copies) inner.output_gradient.data = pass.output_gradient.data;
  if (wanted && !input.copies) inner.input_gradients[0].data = pass.input_gradient().data;
  if (output.copies) copy_samples<S>(output.rows(pass.output_gradient), output.gradient);
  layer_->backward(inner);
  if (wanted && input.copies) copy_samples<S>(input.gradient, input.rows(pass.input_gradient()));
}

template class TimeDistributed<float>;
template class TimeDistributed<double>;

}  // namespace echocell
