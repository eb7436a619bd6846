#include "layers/wrappers/bidirectional.hpp"

#include "layers/recurrent/settings.hpp"
#include "layers/wrappers/child_pass.hpp"
#include "numerics/copy.hpp"

namespace echocell {
namespace {

const RecurrentSettings& recurrent_settings(const LayerOptions& options) {
  const auto* settings = dynamic_cast<const RecurrentSettings*>(&options);
  if (settings == nullptr) {
    throw std::invalid_argument("Bidirectional: expected recurrent layers, received another");
  }
  return *settings;
}

void check_pair(const RecurrentSettings& forward, const RecurrentSettings& backward) {
  const auto require = [](bool fits, const std::string& what) {
    if (!fits) throw std::invalid_argument("Bidirectional: expected layers with " + what);
  };
  require(forward.go_backwards != backward.go_backwards,
          "different go_backwards, received the same");
  require(forward.return_sequences == backward.return_sequences,
          "the same return_sequences, received different ones");
  require(forward.stateful == backward.stateful, "the same stateful, received different ones");
}

template <class Scalar>
struct BothCache : Cache {
  Child<Scalar> forward, backward;
  Tensor<Scalar> input_gradient;  // the backward layer's; null in inference
};

template <class Scalar>
BothCache<Scalar>& both_caches_of(const Pass<Scalar>& pass) {
  return static_cast<BothCache<Scalar>&>(*pass.cache);
}

template <class Scalar>
void plan_child(Child<Scalar>& child, const Layer<Scalar>& layer, const Shape& input, Index batch,
                Use use, Workspace& workspace) {
  child.plan(layer, input, batch, use, workspace);
  Pass<Scalar>& pass = child.pass;
  pass.output = pass.output_gradient = view<Scalar>(nullptr, layer.output_shape(input), batch);
  pass.output.data = workspace.take<Scalar>(pass.output.size());
  if (use.training) pass.output_gradient.data = workspace.take<Scalar>(pass.output.size());
}

// y is the merge of f and b, tensors of one time step.
template <class Scalar>
void merge_step(MergeMode mode, const Tensor<Scalar>& f, const Tensor<Scalar>& b,
                const Tensor<Scalar>& y) {
  switch (mode) {
    case MergeMode::concat:
      for (Index row = 0; row < y.batch; ++row) {
        copy_row(f.row(0, row), y.row(0, row).head(f.width));
        copy_row(b.row(0, row), y.row(0, row).tail(b.width));
      }
      break;
    case MergeMode::sum:
      y.array() = f.array() + b.array();
      break;
    case MergeMode::mul:
      y.array() = f.array() * b.array();
      break;
    case MergeMode::ave:
      y.array() = (f.array() + b.array()) / 2;
      break;
  }
}

// The backward pass of merge_step().
template <class Scalar>
void split_step(MergeMode mode, const Tensor<Scalar>& dy, const Tensor<Scalar>& f,
                const Tensor<Scalar>& b, const Tensor<Scalar>& df, const Tensor<Scalar>& db) {
  switch (mode) {
    case MergeMode::concat:
      for (Index row = 0; row < dy.batch; ++row) {
        copy_row(dy.row(0, row).head(df.width), df.row(0, row));
        copy_row(dy.row(0, row).tail(db.width), db.row(0, row));
      }
      break;
    case MergeMode::sum:
      df.array() = dy.array();
      db.array() = dy.array();
      break;
    case MergeMode::mul:
      df.array() = dy.array() * b.array();
      db.array() = dy.array() * f.array();
      break;
    case MergeMode::ave:
      df.array() = dy.array() / 2;
      db.array() = dy.array() / 2;
      break;
  }
}

}  // namespace

// ---- shapes ------------------------------------------------------------------------------------

template <class Scalar>
Bidirectional<Scalar>::Bidirectional(const BidirectionalOptions& options)
    : forward_(make_layer<Scalar>(*options.forward)),
      backward_(make_layer<Scalar>(*options.backward)),
      merge_mode_(options.merge_mode) {
  const RecurrentSettings& settings = recurrent_settings(*options.forward);
  check_pair(settings, recurrent_settings(*options.backward));
  return_sequences_ = settings.return_sequences;
  reversed_ = settings.go_backwards;
}

template <class Scalar>
void Bidirectional<Scalar>::build(const Shape& input) {
  forward_->build(input);
  backward_->build(input);
  this->parameters_.clear();
  for (Parameter p : forward_->parameters()) {
    p.name = "forward_" + p.name;
    this->parameters_.push_back(std::move(p));
  }
  for (Parameter p : backward_->parameters()) {
    p.name = "backward_" + p.name;
    p.offset += forward_->parameter_count();
    this->parameters_.push_back(std::move(p));
  }
}

template <class Scalar>
Shape Bidirectional<Scalar>::output_shape(const Shape& input) const {
  Shape output = forward_->output_shape(input);
  const Index other = backward_->output_shape(input).back();
  if (merge_mode_ == MergeMode::concat) {
    output.back() += other;
  } else if (output.back() != other) {
    throw std::invalid_argument("Bidirectional: expected layers of the same units, received " +
                                std::to_string(output.back()) + " and " + std::to_string(other));
  }
  return output;
}

template <class Scalar>
std::vector<Index> Bidirectional<Scalar>::state_widths() const {
  std::vector<Index> widths = forward_->state_widths();
  const std::vector<Index> others = backward_->state_widths();
  widths.insert(widths.end(), others.begin(), others.end());
  return widths;
}

template <class Scalar>
std::unique_ptr<Cache> Bidirectional<Scalar>::plan(const Shape& input, Index batch, Use use,
                                                   Workspace& workspace) const {
  auto cache = std::make_unique<BothCache<Scalar>>();
  plan_child(cache->forward, *forward_, input, batch, use, workspace);
  plan_child(cache->backward, *backward_, input, batch, use, workspace);
  if (use.training) {
    cache->input_gradient = workspace.tensor<Scalar>(input[0], batch, input[1]);
  }
  return cache;
}

// ---- forward -----------------------------------------------------------------------------------

template <class Scalar>
void Bidirectional<Scalar>::forward(const Pass<Scalar>& pass) const {
  BothCache<Scalar>& cache = both_caches_of(pass);
  const Index forward_count = forward_->parameter_count();
  cache.forward.take_over(pass, 0, forward_count, 0);
  cache.backward.take_over(pass, forward_count, backward_->parameter_count(),
                           cache.forward.pass.final_state.size());
  std::uint64_t stream = 0;
  for (Child<Scalar>* child : {&cache.forward, &cache.backward}) {
    child->pass.inputs[0] = pass.input();
    child->pass.input_mask = pass.input_mask;
    child->pass.random = pass.random.child(stream++);
  }
  forward_->forward(cache.forward.pass);
  backward_->forward(cache.backward.pass);
  merge(pass);
}

// Whether step t of row b of the output (in the forward layer's order) is forced to zero.
template <class Scalar>
bool Bidirectional<Scalar>::masks_output(const Pass<Scalar>& pass, Index t, Index b) const {
  if (!return_sequences_) return false;
  return !pass.input_mask.valid(reversed_ ? pass.output.steps - 1 - t : t, b);
}

template <class Scalar>
void Bidirectional<Scalar>::merge(const Pass<Scalar>& pass) const {
  const Tensor<Scalar>& f = both_caches_of(pass).forward.pass.output;
  const Tensor<Scalar>& b = both_caches_of(pass).backward.pass.output;
  const Tensor<Scalar>& y = pass.output;
  for (Index t = 0; t < y.steps; ++t) {
    const Index back = y.steps - 1 - t;  // 0 without return_sequences: there is one step
    merge_step(merge_mode_, f.at_step(t), b.at_step(back), y.at_step(t));
    for (Index row = 0; row < y.batch; ++row) {
      if (masks_output(pass, t, row)) y.row(t, row).setZero();
    }
  }
}

// ---- backward
// ------------------------------------------------------------------------------------

template <class Scalar>
void Bidirectional<Scalar>::backward(const Pass<Scalar>& pass) const {
  BothCache<Scalar>& cache = both_caches_of(pass);
  split_gradient(pass);
  cache.forward.pass.input_gradients[0] = {};
  cache.backward.pass.input_gradients[0] = {};
  if (pass.wants_input_gradient()) {
    cache.forward.pass.input_gradients[0] = pass.input_gradient();
    cache.backward.pass.input_gradients[0] = cache.input_gradient;
  }
  forward_->backward(cache.forward.pass);
  backward_->backward(cache.backward.pass);
  if (!pass.wants_input_gradient()) return;
  pass.input_gradient().array() += cache.input_gradient.array();
}

template <class Scalar>
void Bidirectional<Scalar>::split_gradient(const Pass<Scalar>& pass) const {
  const Pass<Scalar>& f = both_caches_of(pass).forward.pass;
  const Pass<Scalar>& b = both_caches_of(pass).backward.pass;
  const Tensor<Scalar>& dy = pass.output_gradient;
  for (Index t = 0; t < dy.steps; ++t) {
    const Index back = dy.steps - 1 - t;
    split_step(merge_mode_, dy.at_step(t), f.output.at_step(t), b.output.at_step(back),
               f.output_gradient.at_step(t), b.output_gradient.at_step(back));
    for (Index row = 0; row < dy.batch; ++row) {
      if (!masks_output(pass, t, row)) continue;
      f.output_gradient.row(t, row).setZero();
      b.output_gradient.row(back, row).setZero();
    }
  }
}

template <class Scalar>
std::vector<Trace<Scalar>> Bidirectional<Scalar>::trace(const Pass<Scalar>& pass) const {
  std::vector<Trace<Scalar>> traces;
  const auto add = [&](const Layer<Scalar>& layer, const Pass<Scalar>& inner,
                       const std::string& prefix) {
    for (Trace<Scalar>& trace : layer.trace(inner)) {
      trace.name = prefix + trace.name;
      traces.push_back(std::move(trace));
    }
  };
  add(*forward_, both_caches_of(pass).forward.pass, "forward_");
  add(*backward_, both_caches_of(pass).backward.pass, "backward_");
  return traces;
}

template class Bidirectional<float>;
template class Bidirectional<double>;

}  // namespace echocell
