#include "layers/wrappers/time_distributed.hpp"

#include <algorithm>

#include "layers/reshape.hpp"
#include "layers/wrappers/child_pass.hpp"

namespace echocell {
namespace {

// The shape of the sample that one step is to the inner layer.
Shape rest_of(const Shape& input) {
  if (input.size() < 2) {
    throw std::invalid_argument("TimeDistributed: expected an input of shape " +
                                std::string("(batch, time steps, ...), received ") +
                                to_string(input));
  }
  return {input.begin() + 1, input.end()};
}

// The input or the output of the inner layer. Where its samples have one axis, the numbers of the
// outer layer are used in place; otherwise the inner layer has a copy of its own, time first.
template <class Scalar>
struct Side {
  bool copies = false;
  Tensor<Scalar> values;    // the copy; data is null where the outer numbers are used
  Tensor<Scalar> gradient;  // likewise, and null in inference

  void plan(const Shape& sample, Index rows, bool training, Workspace& workspace) {
    copies = sample.size() >= 2;
    values = gradient = view<Scalar>(nullptr, sample, rows);
    if (copies) values.data = workspace.take<Scalar>(values.size());
    if (copies && training) gradient.data = workspace.take<Scalar>(gradient.size());
  }
  // The outer numbers of this part as rows of whole samples of the inner layer.
  template <class U>
  Tensor<U> rows(const Tensor<U>& outer, Index part) const {
    return {outer.data + part * values.size(), 1, values.batch, values.steps * values.width};
  }
};

// Room for a mask of samples of at least two axes, as the inner layer sees it.
Mask plan_mask(const Shape& sample, Index rows, Workspace& workspace) {
  Mask mask{workspace.take<std::uint8_t>(sample[0] * rows), sample[0], rows};
  if (sample.size() < 3) return mask;
  mask.parts = volume(sample) / (sample[0] * sample.back());
  mask.inner = workspace.take<std::uint8_t>(mask.steps * rows * mask.parts);
  return mask;
}

// The rows of a mask of the outer layer that one call of the inner layer works on, from `first` on.
Mask rows_of(Mask outer, Index first, Index rows) {
  outer.steps = 1;
  outer.batch = rows;
  if (outer.data) outer.data += first;
  if (outer.inner) outer.inner += first * outer.parts;
  return outer;
}

// The place of part j of row r in the masks of the inner layer. The parts of a row of the outer
// layer are the steps of a sample of the inner one, or the parts of these steps.
struct InnerPlace {
  Index step = 0, part = 0;  // into Mask::data, and into Mask::inner

  InnerPlace(const Mask& inner, Index r, Index j) {
    const Index parts = inner.inner ? inner.parts : 1;
    step = j / parts * inner.batch + r;
    part = step * parts + j % parts;
  }
};

// The input of one call of the inner layer.
template <class Scalar>
struct StepsPart {
  Child<Scalar> child;
  Side<Scalar> input, output;
  std::vector<Tensor<Scalar>> states, state_gradients;  // that go on to the next part
  Mask input_mask, output_mask;  // the inner layer's, where its samples have two axes or more

  Mask outer_input, outer_output;  // the rows that are this part's

  void take_masks(const Pass<Scalar>& pass, Index number, MaskFlow flow);
  void load_input_mask();
  void give_mask(MaskFlow flow);
};

// Sets both masks of the inner layer's pass.
template <class Scalar>
void StepsPart<Scalar>::take_masks(const Pass<Scalar>& pass, Index number, MaskFlow flow) {
  const Index rows = input.values.batch;
  outer_input = rows_of(pass.input_mask, number * rows, rows);
  outer_output = flow == MaskFlow::pass ? Mask{} : rows_of(pass.output_mask, number * rows, rows);
  load_input_mask();
  Pass<Scalar>& inner = child.pass;
  inner.output_mask = {};
  const bool derived = flow == MaskFlow::derive && inner.input_mask;
  if (!outer_output || !(derived || flow == MaskFlow::create)) return;
  inner.output_mask = output.copies ? output_mask : outer_output;
}

template <class Scalar>
void StepsPart<Scalar>::load_input_mask() {
  Mask& mask = child.pass.input_mask;
  mask = {};
  if (!input.copies) {
    mask = outer_input;
  } else if (outer_input.inner) {
    mask = input_mask;
    std::fill_n(mask.data, mask.steps * mask.batch, std::uint8_t(0));
    const Index parts = outer_input.parts;
    for (Index k = 0; k < mask.batch * parts; ++k) {
      const InnerPlace place(mask, k / parts, k % parts);
      mask.data[place.step] |= outer_input.inner[k];
      if (mask.inner) mask.inner[place.part] = outer_input.inner[k];
    }
  }
}

// Fills the outer mask of the output: its parts as the inner layer has it, or as the outer steps.
template <class Scalar>
void StepsPart<Scalar>::give_mask(MaskFlow flow) {
  const Mask& mask = child.pass.output_mask;
  const Mask& to = outer_output;
  if (!to || mask.data == to.data) return;
  for (Index r = 0; r < to.batch; ++r) {
    std::uint8_t any = 0;
    for (Index j = 0; j < to.parts; ++j) {
      std::uint8_t& part = to.inner[r * to.parts + j];
      if (mask) {
        const InnerPlace place(mask, r, j);
        part = mask.inner ? mask.inner[place.part] : mask.data[place.step];
      } else {
        part = outer_input.data[r];
      }
      any |= part;
    }
    to.data[r] = flow == MaskFlow::create ? any : outer_input.data[r];
  }
}

// All outer steps are one part; where the inner layer carries its state, each is a part.
template <class Scalar>
struct StepsCache : Cache {
  std::vector<StepsPart<Scalar>> parts;
  Span<Scalar> gradients;  // of the parameters, by one part that is not the last
};

template <class Scalar>
StepsCache<Scalar>& steps_cache_of(const Pass<Scalar>& pass) {
  return static_cast<StepsCache<Scalar>&>(*pass.cache);
}

}  // namespace

template <class Scalar>
TimeDistributed<Scalar>::TimeDistributed(const TimeDistributedOptions& options)
    : layer_(make_layer<Scalar>(*options.layer)) {}

template <class Scalar>
void TimeDistributed<Scalar>::build(const Shape& input) {
  layer_->build(rest_of(input));
  this->parameters_ = layer_->parameters();
}

template <class Scalar>
Shape TimeDistributed<Scalar>::output_shape(const Shape& input) const {
  Shape output = layer_->output_shape(rest_of(input));
  output.insert(output.begin(), input[0]);
  return output;
}

template <class Scalar>
MaskFlow TimeDistributed<Scalar>::mask_flow() const {
  const MaskFlow flow = layer_->mask_flow();
  return flow == MaskFlow::drop ? MaskFlow::derive : flow;
}

template <class Scalar>
std::unique_ptr<Cache> TimeDistributed<Scalar>::plan(const Shape& input, Index batch, Use use,
                                                     Workspace& workspace) const {
  const Shape rest = rest_of(input), output = layer_->output_shape(rest);
  const Index count = stateful() ? input[0] : 1, rows = input[0] * batch / count;
  auto cache = std::make_unique<StepsCache<Scalar>>();
  cache->parts.resize(static_cast<std::size_t>(count));
  const MaskFlow flow = layer_->mask_flow();
  const bool masks = flow == MaskFlow::create || flow == MaskFlow::derive;
  for (StepsPart<Scalar>& part : cache->parts) {
    part.child.plan(*layer_, rest, rows, use, workspace);
    part.input.plan(rest, rows, use.training, workspace);
    part.output.plan(output, rows, use.training, workspace);
    if (part.input.copies && use.masked) part.input_mask = plan_mask(rest, rows, workspace);
    if (part.output.copies && masks) part.output_mask = plan_mask(output, rows, workspace);
    for (Index width : state_widths()) {
      part.states.push_back(workspace.tensor<Scalar>(1, rows, width));
      part.state_gradients.push_back(use.training ? workspace.tensor<Scalar>(1, rows, width)
                                                  : Tensor<Scalar>{});
    }
  }
  if (use.training && count > 1)
    cache->gradients = workspace.span<Scalar>(layer_->parameter_count());
  return cache;
}

template <class Scalar>
void TimeDistributed<Scalar>::forward(const Pass<Scalar>& pass) const {
  StepsCache<Scalar>& cache = steps_cache_of(pass);
  for (std::size_t k = 0; k < cache.parts.size(); ++k) {
    StepsPart<Scalar>& part = cache.parts[k];
    const Side<Scalar>&input = part.input, &output = part.output;
    const Index number = static_cast<Index>(k);
    Pass<Scalar>& inner = part.child.pass;
    part.child.take_over(pass, 0, layer_->parameter_count(), 0);
    if (stateful()) {
      inner.random = pass.random.child(static_cast<std::uint64_t>(k));
    } else {
      inner.row_block = pass.row_block == 0 ? pass.input().batch : pass.row_block;
    }
    if (k > 0) {
      const StepsPart<Scalar>& before = cache.parts[k - 1];
      std::copy(before.states.begin(), before.states.end(), inner.initial_state.begin());
      inner.initial_state_gradient = before.state_gradients;
    }
    if (k + 1 < cache.parts.size()) {
      inner.final_state = part.states;
      std::copy(part.state_gradients.begin(), part.state_gradients.end(),
                inner.final_state_gradient.begin());
      inner.gradients = pass.gradients ? cache.gradients : Span<Scalar>{};
      inner.gradients_kept = false;
    }
    part.take_masks(pass, number, layer_->mask_flow());
    const Tensor<const Scalar> x = input.rows(pass.input(), number);
    const Tensor<Scalar> y = output.rows(pass.output, number);
    inner.inputs[0] = input.copies ? Tensor<const Scalar>(input.values) : x;
    inner.output = output.copies ? output.values : y;
    if (input.copies) copy_samples(x, input.values);
    layer_->forward(inner);
    if (output.copies) copy_samples<Scalar>(output.values, y);
    part.give_mask(layer_->mask_flow());
  }
}

template <class Scalar>
void TimeDistributed<Scalar>::backward(const Pass<Scalar>& pass) const {
  StepsCache<Scalar>& cache = steps_cache_of(pass);
  const bool wanted = pass.wants_input_gradient();
  for (std::size_t k = cache.parts.size(); k-- > 0;) {
    const Side<Scalar>&input = cache.parts[k].input, &output = cache.parts[k].output;
    const Index number = static_cast<Index>(k);
    Pass<Scalar>& inner = cache.parts[k].child.pass;
    const Tensor<Scalar> dy = output.rows(pass.output_gradient, number);
    const Tensor<Scalar> dx = wanted ? input.rows(pass.input_gradient(), number) : Tensor<Scalar>{};
    inner.output_gradient = output.copies ? output.gradient : dy;
    inner.input_gradients[0] = wanted && input.copies ? input.gradient : dx;
    if (output.copies) copy_samples<Scalar>(dy, output.gradient);
    layer_->backward(inner);
    if (wanted && input.copies) copy_samples<Scalar>(input.gradient, dx);
    if (k + 1 < cache.parts.size()) pass.gradients.array() += cache.gradients.array();
  }
}

template class TimeDistributed<float>;
template class TimeDistributed<double>;

}  // namespace echocell
