#include "training/model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "numerics/denormals.hpp"
#include "numerics/parallel.hpp"

namespace echocell {
namespace {

// Plans kept at a time: the full batch, the last one of an epoch, and those of validation and
// prediction, twice over.
constexpr std::size_t kMostPlans = 8;

/// Row b of the slice becomes sample order[first_row + b]: batch-major [B, T, C] outside,
/// time-major [T, B, C] inside.
template <class S>
void gather(const S* samples, const Index* order, const Tensor<S>& to) {
  for (Index b = 0; b < to.batch; ++b) {
    const S* from = samples + order[b] * to.steps * to.width;
    for (Index t = 0; t < to.steps; ++t) std::copy_n(from + t * to.width, to.width, to.row(t, b));
  }
}

/// The way back of gather(), rows in order.
template <class S>
void scatter(const Tensor<const S>& from, S* samples) {
  for (Index b = 0; b < from.batch; ++b) {
    S* to = samples + b * from.steps * from.width;
    for (Index t = 0; t < from.steps; ++t) {
      std::copy_n(from.row(t, b), from.width, to + t * from.width);
    }
  }
}

/// [B, T] outside, [T, B] inside.
template <class S>
void load_mask(const LayerInput<S>& input, Slice<S>& slice) {
  const Mask& mask = slice.input_mask();
  if (!mask) return;
  for (Index b = 0; b < mask.batch; ++b) {
    for (Index t = 0; t < mask.steps; ++t) {
      mask.data[t * mask.batch + b] = input.mask[(slice.first_row + b) * mask.steps + t];
    }
  }
}

template <class S>
void scatter_trace(const Trace<S>& trace, Index first_row, S* to) {
  const Tensor<const S> values{trace.numbers.data(), trace.steps, trace.batch, trace.width};
  scatter<S>(values, to + first_row * trace.steps * trace.width);
}

void stop_if_requested(const Interrupt* interrupt) {
  if (interrupt != nullptr && interrupt->requested()) throw Interrupted();
}

}  // namespace

template <class S>
Model<S>::Model(const std::vector<std::shared_ptr<const LayerOptions>>& layers, Shape input,
                std::uint64_t seed)
    : network_(layers, std::move(input)), states_(network_), random_{seed} {}

template <class S>
const Head<S>& Model<S>::head() const {
  if (!head_) throw std::invalid_argument("the model must be compiled before it is trained");
  return *head_;
}

template <class S>
Optimizer<S>& Model<S>::optimizer() {
  (void)head();
  return *optimizer_;
}

template <class S>
void Model<S>::compile(const LossOptions& loss, std::vector<MetricOptions> metrics,
                       const OptimizerOptions& options) {
  Head<S> new_head(network_, loss, std::move(metrics));
  if (optimizer_ && optimizer_->same_kind(options)) {
    optimizer_->set_options(options);
  } else {
    optimizer_ = std::make_unique<Optimizer<S>>(options, network_.parameter_count());
  }
  head_ = std::move(new_head);
  plans_.clear();
}

// ---- plans and states --------------------------------------------------------------------------

template <class S>
typename Model<S>::Plan& Model<S>::plan(BatchKey key, bool with_head) {
  Plan* found = nullptr;
  for (auto& known : plans_) {
    if (known->batch.key() == key) found = known.get();
  }
  if (found == nullptr) {
    if (plans_.size() == kMostPlans) {
      plans_.erase(std::min_element(plans_.begin(), plans_.end(),
                                    [](auto& a, auto& b) { return a->last_use < b->last_use; }));
    }
    plans_.push_back(std::make_unique<Plan>(network_, std::move(key)));
    found = plans_.back().get();
  }
  if (with_head && found->heads.empty()) {
    for (Slice<S>& slice : found->batch.slices()) found->heads.push_back(head().plan(slice));
  }
  found->last_use = ++uses_;
  return *found;
}

template <class S>
Index Model<S>::workspace_bytes() const {
  Index sum = 0;
  for (const auto& known : plans_) sum += known->batch.bytes();
  return sum;
}

template <class S>
std::vector<Index> Model<S>::in_order(Index samples) {
  std::vector<Index> order = std::move(order_);
  order.resize(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), Index(0));
  return order;
}

template <class S>
void Model<S>::refresh_segments() {
  segments_.clear();
  for (const ParameterBlock& block : network_.blocks()) {
    segments_.push_back({block.offset, block.size, block.trainable});
  }
}

template <class S>
void Model<S>::require_states(Index batch_size, Index samples) {
  if (!network_.stateful()) return;
  if (samples % batch_size != 0) {
    throw std::invalid_argument("a stateful model expects a number of samples that is a multiple " +
                                std::string("of the batch size ") + std::to_string(batch_size) +
                                ", received " + std::to_string(samples) + " samples");
  }
  states_.require(batch_size);
}

// ---- one batch ---------------------------------------------------------------------------------

template <class S>
void Model<S>::forward(Plan& plan, const Dataset<S>& data, const Index* order, BatchContext context,
                       bool all_states) {
  Batch<S>& batch = plan.batch;
  // A hook may have reset or replaced the states since the loop began.
  if (all_states || network_.stateful()) states_.require(batch.key().rows);
  states_.bind(batch, all_states);
  run_slices(static_cast<Index>(batch.slices().size()), batch.parallel(), [&](Index k) {
    Slice<S>& slice = batch.slices()[std::size_t(k)];
    gather(data.x, order + slice.first_row, slice.input());
    batch.forward(slice, context);
  });
  stop_if_requested(context.interrupt);
}

/// Loss, metrics and the parameters' gradients of a batch that went forward. Gives the loss.
template <class S>
double Model<S>::differentiate(Plan& plan, const Dataset<S>& data, const Index* order,
                               const BatchContext& context, Tally& tally) {
  Batch<S>& batch = plan.batch;
  const auto count = static_cast<Index>(batch.slices().size());
  for (Index k = 0; k < count; ++k) {
    Slice<S>& slice = batch.slices()[std::size_t(k)];
    head_->load(data, order + slice.first_row, slice, plan.heads[std::size_t(k)]);
  }
  const double scale = head_->scale(plan.heads);
  run_slices(count, batch.parallel(), [&](Index k) {
    Slice<S>& slice = batch.slices()[std::size_t(k)];
    HeadBuffers<S>& buffers = plan.heads[std::size_t(k)];
    head_->evaluate(slice, buffers);
    head_->differentiate(slice, buffers, scale);
    batch.backward(slice, head_->loss_tensor());
  });
  stop_if_requested(context.interrupt);
  tally_batch(plan, scale, batch.key().rows, tally);
  return tally.loss;
}

template <class S>
void Model<S>::tally_batch(Plan& plan, double scale, Index rows, Tally& tally) const {
  double loss = 0;
  for (const HeadBuffers<S>& head : plan.heads) {
    loss += head.loss;
    for (std::size_t m = 0; m < head.metric_sums.size(); ++m) {
      tally.metric_sums[m] += head.metric_sums[m];
      tally.metric_weights[m] += head.valid;
    }
  }
  tally.loss += (loss * scale + penalty()) * static_cast<double>(rows);
  tally.samples += static_cast<double>(rows);
}

template <class S>
double Model<S>::train_batch(const Dataset<S>& data, const Index* order, Index rows, Tally& tally,
                             Observer& observer) {
  Plan& current = plan({rows, data.sample, true}, true);
  const BatchContext context{true, next_stream(), &observer};
  forward(current, data, order, context, false);
  const double loss = differentiate(current, data, order, context, tally);
  states_.commit();
  S* gradients = current.batch.sum_gradients();
  add_penalty_gradient(gradients);
  optimizer_->apply(network_.values(), gradients, segments_);
  return loss;
}

template <class S>
void Model<S>::evaluate_batch(const Dataset<S>& data, const Index* order, Index rows, Tally& tally,
                              Observer& observer) {
  Plan& current = plan({rows, data.sample}, true);
  forward(current, data, order, {false, {}, &observer}, false);
  for (std::size_t k = 0; k < current.heads.size(); ++k) {
    Slice<S>& slice = current.batch.slices()[k];
    head_->load(data, order + slice.first_row, slice, current.heads[k]);
    head_->evaluate(slice, current.heads[k]);
  }
  states_.commit();
  tally_batch(current, head_->scale(current.heads), rows, tally);
}

// ---- penalties ---------------------------------------------------------------------------------

template <class S>
double Model<S>::penalty() const {
  double sum = 0;
  for (const ParameterBlock& block : network_.blocks()) {
    if (block.l1 == 0 && block.l2 == 0) continue;
    double absolute = 0, square = 0;
    for (Index j = block.offset; j < block.offset + block.size; ++j) {
      const double w = static_cast<double>(network_.values()[j]);
      absolute += std::abs(w);
      square += w * w;
    }
    sum += block.l1 * absolute + block.l2 * square;
  }
  return sum;
}

template <class S>
void Model<S>::add_penalty_gradient(S* gradients) const {
  for (const ParameterBlock& block : network_.blocks()) {
    if (block.l1 == 0 && block.l2 == 0) continue;
    const S l1 = static_cast<S>(block.l1), l2 = static_cast<S>(2 * block.l2);
    for (Index j = block.offset; j < block.offset + block.size; ++j) {
      const S w = network_.values()[j];
      const S sign = w > S(0) ? S(1) : w < S(0) ? S(-1) : S(0);
      gradients[j] += l1 * sign + l2 * w;
    }
  }
}

// ---- the loops ---------------------------------------------------------------------------------

template <class S>
bool Model<S>::train_epoch(const Dataset<S>& data, const FitOptions& options, Index epoch,
                           Tally& tally, Observer& observer) {
  std::vector<Index> order = in_order(data.samples);
  if (options.shuffle) shuffle(next_stream(), order.data(), data.samples);
  const Observer::Logs logs = [&] { return head_->logs(tally); };
  bool stop = false;
  Index batch = 0;
  for (Index first = 0; first < data.samples && !stop; first += options.batch_size, ++batch) {
    if (observer.check()) throw Interrupted();
    const Index rows = std::min(options.batch_size, data.samples - first);
    observer.batch_begin(batch);
    train_batch(data, order.data() + first, rows, tally, observer);
    stop = observer.batch_end(epoch, batch, logs);
  }
  order_ = std::move(order);
  return stop;
}

template <class S>
std::vector<std::vector<double>> Model<S>::fit(const Dataset<S>& data, const FitOptions& options,
                                               const Dataset<S>* validation, Observer& observer) {
  const DenormalGuard guard;
  const std::size_t metrics = head().metrics().size();
  require_states(options.batch_size, data.samples);
  if (validation) require_states(options.validation_batch_size, validation->samples);
  std::vector<std::vector<double>> history;
  for (Index epoch = options.initial_epoch; epoch < options.epochs; ++epoch) {
    refresh_segments();
    observer.epoch_begin(epoch);
    Tally tally(metrics);
    bool stop = train_epoch(data, options, epoch, tally, observer);
    std::vector<double> logs = head_->logs(tally);
    if (validation && (epoch + 1) % options.validation_freq == 0) {
      const Tally held_out = evaluate_tally(*validation, options.validation_batch_size, observer);
      for (double value : head_->logs(held_out)) logs.push_back(value);
    }
    stop = observer.epoch_end(epoch, logs) || stop;
    history.push_back(std::move(logs));
    if (stop) break;
  }
  return history;
}

template <class S>
std::vector<double> Model<S>::train_on_batch(const Dataset<S>& data, Observer& observer) {
  const DenormalGuard guard;
  Tally tally(head().metrics().size());
  require_states(data.samples, data.samples);
  refresh_segments();
  std::vector<Index> order = in_order(data.samples);
  train_batch(data, order.data(), data.samples, tally, observer);
  order_ = std::move(order);
  return head_->logs(tally);
}

template <class S>
Tally Model<S>::evaluate_tally(const Dataset<S>& data, Index batch_size, Observer& observer) {
  Tally tally(head().metrics().size());
  std::vector<Index> order = in_order(data.samples);
  const Observer::Logs logs = [&] { return head_->logs(tally); };
  Index batch = 0;
  bool stop = false;
  for (Index first = 0; first < data.samples && !stop; first += batch_size, ++batch) {
    if (observer.check()) throw Interrupted();
    const Index rows = std::min(batch_size, data.samples - first);
    evaluate_batch(data, order.data() + first, rows, tally, observer);
    stop = observer.test_batch_end(batch, logs);
  }
  order_ = std::move(order);
  return tally;
}

template <class S>
std::vector<double> Model<S>::evaluate(const Dataset<S>& data, Index batch_size,
                                       Observer& observer) {
  const DenormalGuard guard;
  (void)head();
  require_states(batch_size, data.samples);
  return head_->logs(evaluate_tally(data, batch_size, observer));
}

template <class S>
void Model<S>::predict(const Dataset<S>& data, Index batch_size, S* y, Observer& observer) {
  const DenormalGuard guard;
  require_states(batch_size, data.samples);
  std::vector<Index> order = in_order(data.samples);
  for (Index first = 0; first < data.samples; first += batch_size) {
    if (observer.check()) throw Interrupted();
    const Index rows = std::min(batch_size, data.samples - first);
    predict_batch(data, order.data() + first, rows, false, y, observer);
    y += rows * volume(output_shape(data.sample));
  }
  order_ = std::move(order);
}

template <class S>
void Model<S>::predict_batch(const Dataset<S>& data, const Index* order, Index rows,
                             bool all_states, S* y, Observer& observer) {
  Plan& current = plan({rows, data.sample}, false);
  forward(current, data, order, {false, {}, &observer}, all_states);
  states_.commit();
  for (const Slice<S>& slice : current.batch.slices()) {
    scatter<S>(slice.output(), y + slice.first_row * slice.output().steps * slice.output().width);
  }
}

template <class S>
void Model<S>::step(const S* x, Index batch, S* y, Observer& observer) {
  const DenormalGuard guard;
  if (const auto reason = network_.why_not_streamable()) {
    throw std::invalid_argument("step() cannot run this model: " + *reason);
  }
  states_.require(batch);
  Dataset<S> data;
  data.x = x;
  data.samples = batch;
  data.sample = {1, network_.input_shape()[1]};
  std::vector<Index> order = in_order(batch);
  predict_batch(data, order.data(), batch, true, y, observer);
  order_ = std::move(order);
}

// ---- looking inside ----------------------------------------------------------------------------

template <class S>
Gradients<S> Model<S>::gradients(const Dataset<S>& data, bool training, Observer& observer) {
  const DenormalGuard guard;
  Tally tally(head().metrics().size());
  require_states(data.samples, data.samples);
  Plan& current = plan({data.samples, data.sample, true, true}, true);
  const std::vector<Index> order = in_order(data.samples);
  const BatchContext context{training, random_.child(draws_), &observer};
  forward(current, data, order.data(), context, false);
  differentiate(current, data, order.data(), context, tally);
  Gradients<S> result;
  result.loss = tally.loss / tally.samples;
  S* sum = current.batch.sum_gradients();
  add_penalty_gradient(sum);
  result.parameters = sum;
  result.input.resize(static_cast<std::size_t>(data.samples * volume(data.sample)));
  for (const Slice<S>& slice : current.batch.slices()) {
    scatter<S>(slice.gradients.front(),
               result.input.data() + slice.first_row * volume(data.sample));
  }
  return result;
}

template <class S>
LayerRun<S> Model<S>::run_layer(Index layer, const LayerInput<S>& input, Observer& observer) {
  const DenormalGuard guard;
  BatchKey key{input.batch,
               input.sample,
               input.training,
               false,
               input.mask != nullptr,
               network_.node_of_layer(layer),
               network_.node_behind_layer(layer)};
  Batch<S> batch(network_, key);
  const Layer<S>& first = network_.layer(network_.nodes()[std::size_t(key.first)]);
  LayerRun<S> run;
  for (Index width : first.state_widths()) {
    run.states.push_back({"state", {width}, std::vector<S>(std::size_t(input.batch * width))});
  }
  const auto allocate = [&](std::string name, const Shape& shape) {
    return typename LayerRun<S>::Values{std::move(name), shape,
                                        std::vector<S>(std::size_t(input.batch * volume(shape)))};
  };
  run.output = allocate(
      "output", network_.tensor_shapes(key.input, key.first, key.last)[std::size_t(key.last)]);
  const std::vector<Index> order = in_order(input.batch);
  const BatchContext context{input.training, next_stream(), &observer};
  for (Slice<S>& slice : batch.slices()) {
    gather(input.x, order.data() + slice.first_row, slice.input());
    load_mask(input, slice);
    Pass<S>& pass = slice.passes[std::size_t(key.first)];
    for (std::size_t k = 0; k < run.states.size(); ++k) {
      const Index offset = slice.first_row * run.states[k].shape[0];
      if (!input.initial_state.empty()) pass.initial_state[k] = input.initial_state[k] + offset;
      pass.final_state[k] = run.states[k].numbers.data() + offset;
    }
    batch.forward(slice, context);
    stop_if_requested(&observer);
    scatter<S>(slice.output(), run.output.numbers.data() +
                                   slice.first_row * slice.output().steps * slice.output().width);
    const std::vector<Trace<S>> traces = first.trace(pass);
    for (std::size_t k = 0; k < traces.size(); ++k) {
      const Trace<S>& trace = traces[k];
      if (run.traces.size() <= k) {
        run.traces.push_back(allocate(trace.name, {trace.steps, trace.width}));
      }
      scatter_trace(trace, slice.first_row, run.traces[k].numbers.data());
    }
  }
  return run;
}

template class Model<float>;
template class Model<double>;

}  // namespace echocell
