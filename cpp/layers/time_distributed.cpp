#include "layers/time_distributed.hpp"

#include <algorithm>

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
  // The outer numbers of this part as rows of whole samples of the inner layer.
  template <class U>
  Tensor<U> rows(Tensor<U> outer, Index part) const {
    return {of_part(outer.data, part), 1, values.batch, values.steps * values.width};
  }
  template <class U>
  U* of_part(U* outer, Index part) const {
    return outer + part * values.size();
  }
};

// What one call of the inner layer works on.
template <class S>
struct Part {
  Child<S> child;
  Side<S> input, output;
  std::vector<S*> states, state_gradients;  // that go on to the next part
};

// All outer steps are one part; where the inner layer carries its state, each is a part.
template <class S>
struct StepsCache : Cache {
  std::vector<Part<S>> parts;
  S* gradients = nullptr;  // of the parameters, by one part that is not the last
};

template <class S>
StepsCache<S>& cache_of(const Pass<S>& pass) {
  return static_cast<StepsCache<S>&>(*pass.cache);
}

}  // namespace

template <class S>
TimeDistributed<S>::TimeDistributed(const TimeDistributedOptions& options)
    : layer_(make_layer<S>(*options.layer)) {}

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
  const Shape rest = rest_of(input), output = layer_->output_shape(rest);
  const Index count = stateful() ? input[0] : 1, rows = input[0] * batch / count;
  auto cache = std::make_unique<StepsCache<S>>();
  cache->parts.resize(static_cast<std::size_t>(count));
  for (Part<S>& part : cache->parts) {
    part.child.plan(*layer_, rest, rows, use, workspace);
    part.input.plan(rest, rows, use.training, workspace);
    part.output.plan(output, rows, use.training, workspace);
    for (Index width : state_widths()) {
      part.states.push_back(workspace.take<S>(rows * width));
      part.state_gradients.push_back(use.training ? workspace.take<S>(rows * width) : nullptr);
    }
  }
  if (use.training && count > 1) cache->gradients = workspace.take<S>(layer_->parameter_count());
  return cache;
}

template <class S>
void TimeDistributed<S>::forward(const Pass<S>& pass) const {
  StepsCache<S>& cache = cache_of(pass);
  for (std::size_t k = 0; k < cache.parts.size(); ++k) {
    auto& [child, input, output, states, state_gradients] = cache.parts[k];
    const Index number = static_cast<Index>(k), rows = input.values.batch;
    Pass<S>& inner = child.pass;
    child.take_over(pass, 0, 0);
    if (stateful()) {
      inner.random = pass.random.child(static_cast<std::uint64_t>(k));
    } else {
      inner.row_block = pass.row_block == 0 ? pass.input().batch : pass.row_block;
    }
    if (k > 0) {
      const Part<S>& before = cache.parts[k - 1];
      std::copy(before.states.begin(), before.states.end(), inner.initial_state.begin());
      inner.initial_state_gradient = before.state_gradients;
    }
    if (k + 1 < cache.parts.size()) {
      inner.final_state = states;
      std::copy(state_gradients.begin(), state_gradients.end(), inner.final_state_gradient.begin());
      inner.gradients = pass.gradients == nullptr ? nullptr : cache.gradients;
      inner.gradients_kept = false;
    }
    const bool masked = !input.copies && pass.input_mask;
    inner.input_mask = masked ? Mask{pass.input_mask.data + number * rows, 1, rows} : Mask{};
    inner.inputs[0] = input.values;
    inner.output = output.values;
    if (!input.copies) inner.inputs[0].data = input.of_part(pass.input().data, number);
    if (!output.copies) inner.output.data = output.of_part(pass.output.data, number);
    if (input.copies) copy_samples(input.rows(pass.input(), number), input.values);
    layer_->forward(inner);
    if (output.copies) copy_samples<S>(output.values, output.rows(pass.output, number));
  }
}

template <class S>
void TimeDistributed<S>::backward(const Pass<S>& pass) const {
  StepsCache<S>& cache = cache_of(pass);
  const bool wanted = pass.wants_input_gradient();
  for (std::size_t k = cache.parts.size(); k-- > 0;) {
    auto& [child, input, output, states, state_gradients] = cache.parts[k];
    const Index number = static_cast<Index>(k);
    Pass<S>& inner = child.pass;
    inner.output_gradient = output.gradient;
    inner.input_gradients[0] = wanted ? input.gradient : Tensor<S>{};
    const Tensor<S>& dy = pass.output_gradient;
    if (!output.copies) inner.output_gradient.data = output.of_part(dy.data, number);
    if (output.copies) copy_samples<S>(output.rows(dy, number), output.gradient);
    if (wanted && !input.copies) {
      inner.input_gradients[0].data = input.of_part(pass.input_gradient().data, number);
    }
    layer_->backward(inner);
    if (wanted && input.copies) {
      copy_samples<S>(input.gradient, input.rows(pass.input_gradient(), number));
    }
    if (k + 1 < cache.parts.size()) {
      const Index count = layer_->parameter_count();
      for (Index p = 0; p < count; ++p) pass.gradients[p] += cache.gradients[p];
    }
  }
}

template class TimeDistributed<float>;
template class TimeDistributed<double>;

}  // namespace echocell
