#include "layers/bidirectional.hpp"

#include <algorithm>

#include "layers/child_pass.hpp"
#include "layers/recurrent.hpp"

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

template <class S>
struct BothCache : Cache {
  Child<S> forward, backward;
  S* input_gradient = nullptr;  // the backward layer's, [T, B, F]; null in inference
};

template <class S>
BothCache<S>& cache_of(const Pass<S>& pass) {
  return static_cast<BothCache<S>&>(*pass.cache);
}

template <class S>
void plan_child(Child<S>& child, const Layer<S>& layer, const Shape& input, Index batch, Use use,
                Workspace& workspace) {
  child.plan(layer, input, batch, use, workspace);
  Pass<S>& pass = child.pass;
  pass.output = pass.output_gradient = view<S>(nullptr, layer.output_shape(input), batch);
  pass.output.data = workspace.take<S>(pass.output.size());
  if (use.training) pass.output_gradient.data = workspace.take<S>(pass.output.size());
}

// y = the merge of a row of f and one of b.
template <class S>
void merge_row(MergeMode mode, const S* f, Index f_width, const S* b, Index b_width, S* y) {
  switch (mode) {
    case MergeMode::concat:
      std::copy_n(f, f_width, y);
      std::copy_n(b, b_width, y + f_width);
      break;
    case MergeMode::sum:
      for (Index j = 0; j < f_width; ++j) y[j] = f[j] + b[j];
      break;
    case MergeMode::mul:
      for (Index j = 0; j < f_width; ++j) y[j] = f[j] * b[j];
      break;
    case MergeMode::ave:
      for (Index j = 0; j < f_width; ++j) y[j] = (f[j] + b[j]) / 2;
      break;
  }
}

// df, db = the gradients of f and b from that of their merge.
template <class S>
void split_row(MergeMode mode, const S* dy, const S* f, S* df, Index f_width, const S* b, S* db,
               Index b_width) {
  switch (mode) {
    case MergeMode::concat:
      std::copy_n(dy, f_width, df);
      std::copy_n(dy + f_width, b_width, db);
      break;
    case MergeMode::sum:
      std::copy_n(dy, f_width, df);
      std::copy_n(dy, f_width, db);
      break;
    case MergeMode::mul:
      for (Index j = 0; j < f_width; ++j) {
        df[j] = dy[j] * b[j];
        db[j] = dy[j] * f[j];
      }
      break;
    case MergeMode::ave:
      for (Index j = 0; j < f_width; ++j) df[j] = db[j] = dy[j] / 2;
      break;
  }
}

}  // namespace

MergeMode merge_mode(const std::string& name) {
  if (name == "concat") return MergeMode::concat;
  if (name == "sum") return MergeMode::sum;
  if (name == "mul") return MergeMode::mul;
  if (name == "ave") return MergeMode::ave;
  throw std::invalid_argument("merge_mode: expected 'concat', 'sum', 'mul' or 'ave', received '" +
                              name + "'");
}

// ---- shapes ------------------------------------------------------------------------------------

template <class S>
Bidirectional<S>::Bidirectional(const BidirectionalOptions& options)
    : forward_(make_layer<S>(*options.forward)),
      backward_(make_layer<S>(*options.backward)),
      merge_mode_(options.merge_mode) {
  const RecurrentSettings& settings = recurrent_settings(*options.forward);
  check_pair(settings, recurrent_settings(*options.backward));
  return_sequences_ = settings.return_sequences;
  reversed_ = settings.go_backwards;
}

template <class S>
void Bidirectional<S>::build(const Shape& input) {
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

template <class S>
Shape Bidirectional<S>::output_shape(const Shape& input) const {
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

template <class S>
std::vector<Index> Bidirectional<S>::state_widths() const {
  std::vector<Index> widths = forward_->state_widths();
  const std::vector<Index> others = backward_->state_widths();
  widths.insert(widths.end(), others.begin(), others.end());
  return widths;
}

template <class S>
std::unique_ptr<Cache> Bidirectional<S>::plan(const Shape& input, Index batch, Use use,
                                              Workspace& workspace) const {
  auto cache = std::make_unique<BothCache<S>>();
  plan_child(cache->forward, *forward_, input, batch, use, workspace);
  plan_child(cache->backward, *backward_, input, batch, use, workspace);
  if (use.training) cache->input_gradient = workspace.take<S>(volume(input) * batch);
  return cache;
}

// ---- forward -----------------------------------------------------------------------------------

template <class S>
void Bidirectional<S>::forward(const Pass<S>& pass) const {
  BothCache<S>& cache = cache_of(pass);
  cache.forward.take_over(pass, 0, 0);
  cache.backward.take_over(pass, forward_->parameter_count(),
                           cache.forward.pass.final_state.size());
  std::uint64_t stream = 0;
  for (Child<S>* child : {&cache.forward, &cache.backward}) {
    child->pass.inputs[0] = pass.input();
    child->pass.input_mask = pass.input_mask;
    child->pass.random = pass.random.child(stream++);
  }
  forward_->forward(cache.forward.pass);
  backward_->forward(cache.backward.pass);
  merge(pass);
}

// Is step t of row b of the output (in the forward layer's order) one that is forced to zero?
template <class S>
bool Bidirectional<S>::masks_output(const Pass<S>& pass, Index t, Index b) const {
  if (!return_sequences_) return false;
  return !pass.input_mask.valid(reversed_ ? pass.output.steps - 1 - t : t, b);
}

template <class S>
void Bidirectional<S>::merge(const Pass<S>& pass) const {
  const Tensor<S>& f = cache_of(pass).forward.pass.output;
  const Tensor<S>& b = cache_of(pass).backward.pass.output;
  const Tensor<S>& y = pass.output;
  for (Index t = 0; t < y.steps; ++t) {
    const Index back = y.steps - 1 - t;  // 0 without return_sequences: there is one step
    for (Index row = 0; row < y.batch; ++row) {
      if (masks_output(pass, t, row)) {
        std::fill_n(y.row(t, row), y.width, S(0));
      } else {
        merge_row<S>(merge_mode_, f.row(t, row), f.width, b.row(back, row), b.width, y.row(t, row));
      }
    }
  }
}

// ---- backward, step by step the mirror of forward ----------------------------------------------

template <class S>
void Bidirectional<S>::backward(const Pass<S>& pass) const {
  BothCache<S>& cache = cache_of(pass);
  split_gradient(pass);
  cache.forward.pass.input_gradients[0] = {};
  cache.backward.pass.input_gradients[0] = {};
  if (pass.wants_input_gradient()) {
    cache.forward.pass.input_gradients[0] = pass.input_gradient();
    cache.backward.pass.input_gradients[0] = pass.input_gradient();
    cache.backward.pass.input_gradients[0].data = cache.input_gradient;
  }
  forward_->backward(cache.forward.pass);
  backward_->backward(cache.backward.pass);
  if (!pass.wants_input_gradient()) return;
  const Tensor<S>& dx = pass.input_gradient();
  for (Index k = 0; k < dx.size(); ++k) dx.data[k] += cache.input_gradient[k];
}

template <class S>
void Bidirectional<S>::split_gradient(const Pass<S>& pass) const {
  const Pass<S>& f = cache_of(pass).forward.pass;
  const Pass<S>& b = cache_of(pass).backward.pass;
  const Tensor<S>& dy = pass.output_gradient;
  for (Index t = 0; t < dy.steps; ++t) {
    const Index back = dy.steps - 1 - t;
    for (Index row = 0; row < dy.batch; ++row) {
      S* df = f.output_gradient.row(t, row);
      S* db = b.output_gradient.row(back, row);
      if (masks_output(pass, t, row)) {
        std::fill_n(df, f.output.width, S(0));
        std::fill_n(db, b.output.width, S(0));
      } else {
        split_row<S>(merge_mode_, dy.row(t, row), f.output.row(t, row), df, f.output.width,
                     b.output.row(back, row), db, b.output.width);
      }
    }
  }
}

template <class S>
std::vector<Trace<S>> Bidirectional<S>::trace(const Pass<S>& pass) const {
  std::vector<Trace<S>> traces;
  const auto add = [&](const Layer<S>& layer, const Pass<S>& inner, const std::string& prefix) {
    for (Trace<S>& trace : layer.trace(inner)) {
      trace.name = prefix + trace.name;
      traces.push_back(std::move(trace));
    }
  };
  add(*forward_, cache_of(pass).forward.pass, "forward_");
  add(*backward_, cache_of(pass).backward.pass, "backward_");
  return traces;
}

template class Bidirectional<float>;
template class Bidirectional<double>;

}  // namespace echocell
