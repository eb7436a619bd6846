#include "training/model.hpp"

#include <algorithm>
#include <numeric>

#include "numerics/denormals.hpp"
#include "numerics/finite.hpp"
#include "numerics/parallel.hpp"
#include "training/objective/penalty.hpp"

namespace echocell {
namespace {

// Plans kept at a time: the full batch, the last one of an epoch, and those of validation and
// prediction, twice over. More where they are small: sequences of different lengths need many.
constexpr std::size_t kPlans = 8, kMostPlans = 64;
constexpr Index kBytesOfMostPlans = Index(32) << 20;
// And in any case: what all of them hold beside the one in use.
constexpr Index kBytesOfIdlePlans = Index(256) << 20;

/// Whether there is a validation after this epoch, counted from 0.
bool validates(const ValidationFrequency& frequency, Index epoch) {
  if (const auto* every = std::get_if<Index>(&frequency)) return (epoch + 1) % *every == 0;
  const auto& epochs = std::get<std::vector<Index>>(frequency);
  return std::find(epochs.begin(), epochs.end(), epoch + 1) != epochs.end();
}

}  // namespace

template <class Scalar>
Model<Scalar>::Model(const std::vector<std::shared_ptr<const LayerOptions>>& layers, Shape input,
                     std::uint64_t seed)
    : network_(layers, std::move(input)),
      states_(network_),
      stepper_(network_),
      walking_(network_),
      random_{seed} {}

template <class Scalar>
const Objective<Scalar>& Model<Scalar>::objective() const {
  if (!objective_) throw std::invalid_argument("the model must be compiled before it is trained");
  return *objective_;
}

template <class Scalar>
Optimizer<Scalar>& Model<Scalar>::optimizer() {
  (void)objective();
  return *optimizer_;
}

template <class Scalar>
void Model<Scalar>::compile(const LossOptions& loss, std::vector<MetricOptions> metrics,
                            const OptimizerOptions& options, bool keep_slots) {
  Objective<Scalar> new_objective(network_, loss, std::move(metrics));
  if (keep_slots && optimizer_ && optimizer_->same_kind(options)) {
    optimizer_->set_options(options);
  } else {
    optimizer_ = std::make_unique<Optimizer<Scalar>>(options, network_.parameter_count());
  }
  objective_ = std::move(new_objective);
  plans_.clear();
}

template <class Scalar>
void Model<Scalar>::uncompile() {
  objective_.reset();
  optimizer_.reset();
  plans_.clear();
}

// ---- plans and states --------------------------------------------------------------------------

template <class Scalar>
typename Model<Scalar>::Plan& Model<Scalar>::plan(const BatchKey& key, bool with_objective) {
  auto found = std::find_if(plans_.begin(), plans_.end(),
                            [&](const auto& known) { return known->batch.key() == key; });
  const bool is_new = found == plans_.end();
  if (is_new) {
    while (plans_.size() >= kPlans &&
           (plans_.size() >= kMostPlans || workspace_bytes() > kBytesOfMostPlans)) {
      plans_.pop_back();
    }
    plans_.push_back(std::make_unique<Plan>(network_, key));
    found = plans_.end() - 1;
  }
  std::rotate(plans_.begin(), found, found + 1);
  Plan& plan = *plans_.front();
  const bool lacks_objective = with_objective && plan.objectives.empty();
  if (lacks_objective) {
    std::vector<SliceObjective<Scalar>> objectives;
    for (Slice<Scalar>& slice : plan.batch.slices()) objectives.push_back(objective().plan(slice));
    plan.objectives = std::move(objectives);
  }
  if (is_new || lacks_objective) forget_idle_plans();
  return plan;
}

/// The plan for a part, from the input to the output.
template <class Scalar>
typename Model<Scalar>::Plan& Model<Scalar>::plan_for(const Dataset<Scalar>& data, const Part& part,
                                                      bool training, bool with_objective) {
  wanted_.rows = part.rows();
  wanted_.input = data.sample;
  if (!wanted_.input.empty()) wanted_.input[0] = part.steps;
  wanted_.training = training;
  wanted_.lengths = part.padded;
  return plan(wanted_, with_objective);
}

/// Keeps the plan in use, and as many of the latest ones as the bound allows.
template <class Scalar>
void Model<Scalar>::forget_idle_plans() {
  Index idle = 0;
  for (std::size_t k = 1; k < plans_.size(); ++k) {
    idle += plans_[k]->batch.bytes();
    if (idle > kBytesOfIdlePlans) plans_.resize(k);
  }
}

template <class Scalar>
void Model<Scalar>::release_workspaces() {
  plans_.clear();
  stepper_.release();
  walking_.clear();
}

template <class Scalar>
Index Model<Scalar>::workspace_bytes() const {
  Index sum = stepper_.bytes();
  for (const auto& known : plans_) sum += known->batch.bytes();
  return sum;
}

/// All steps of these samples. Where they differ in length the longest come first, so that a slice
/// holds rows of similar length; but rows with carried states stay where those are.
template <class Scalar>
Part Model<Scalar>::whole(const Dataset<Scalar>& data, Span<const Index> order) {
  if (!data.ragged()) return {order, 0, data.steps()};
  labels_.resize(static_cast<std::size_t>(order.size));
  sorted_.resize(static_cast<std::size_t>(order.size));
  std::iota(labels_.begin(), labels_.end(), Index(0));
  const auto length = [&](Index b) { return data.length(order[b]); };
  const auto longer = [&](Index a, Index b) {
    return length(a) != length(b) ? length(a) > length(b) : a < b;
  };
  if (!network_.stateful()) std::sort(labels_.begin(), labels_.end(), longer);
  std::transform(labels_.begin(), labels_.end(), sorted_.begin(),
                 [&](Index b) { return order[b]; });
  const auto [longest, shortest] = std::minmax_element(labels_.begin(), labels_.end(), longer);
  Part part{{sorted_.data(), order.size}, 0, length(*longest)};
  part.labels = {labels_.data(), order.size};
  part.padded = length(*shortest) < part.steps;
  return part;
}

template <class Scalar>
std::vector<Index> Model<Scalar>::in_order(Index samples) {
  std::vector<Index> order = std::move(order_);
  order.resize(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), Index(0));
  return order;
}

template <class Scalar>
std::vector<Index> Model<Scalar>::epoch_order(Index samples, const FitOptions& options) {
  std::vector<Index> order = in_order(samples);
  if (options.shuffle == Shuffle::samples) shuffle(next_stream(), {order.data(), samples});
  if (options.shuffle == Shuffle::batches) {
    const Index size = options.batch_size;
    std::vector<Index> batches(static_cast<std::size_t>(samples / size));
    std::iota(batches.begin(), batches.end(), Index(0));
    shuffle(next_stream(), {batches.data(), samples / size});
    auto to = order.begin();
    for (Index batch : batches) {
      std::iota(to, to + size, batch * size);
      to += size;
    }
  }
  return order;
}

template <class Scalar>
void Model<Scalar>::refresh_segments() {
  penalized_ = has_penalty(network_);
  segments_.clear();
  for (const ParameterBlock& block : network_.blocks()) {
    segments_.push_back({block.offset, block.size, block.trainable});
  }
}

template <class Scalar>
void Model<Scalar>::require_states(Index batch_size, Index samples) {
  if (!network_.stateful()) return;
  if (samples % batch_size != 0) {
    throw std::invalid_argument("a stateful model expects a number of samples that is a multiple " +
                                std::string("of the batch size ") + std::to_string(batch_size) +
                                ", received " + std::to_string(samples) + " samples");
  }
  states_.require(batch_size);
}

// ---- part of a batch ---------------------------------------------------------------------------

template <class Scalar>
void Model<Scalar>::forward(Plan& plan, const Dataset<Scalar>& data, const Part& part,
                            BatchContext context, const Carrier& carrier) {
  Batch<Scalar>& batch = plan.batch;
  // The loops over batches look at the interrupt often enough.
  if (!batch.parallel()) context.interrupt = nullptr;
  // A hook may have reset or replaced the states since the loop began.
  if (carrier.all_layers || network_.stateful()) carrier.states.require(part.rows());
  carrier.states.bind(batch, carrier.all_layers);
  run_slices(static_cast<Index>(batch.slices().size()), batch.parallel(), [&](Index k) {
    Slice<Scalar>& slice = batch.slices()[std::size_t(k)];
    const Part rows = part.row_range(slice.first_row, slice.rows);
    gather(data, rows, slice.input());
    if (part.padded) gather_lengths(data, rows, slice.lengths);
    slice.row_labels = rows.labels.data;
    batch.forward(slice, context);
  });
  stop_if_requested(context.interrupt);
}

/// The loss of a part that went forward; its metrics are added to the sums. In training also the
/// gradients of the parameters.
template <class Scalar>
typename Model<Scalar>::Loss Model<Scalar>::score(Plan& plan, const Dataset<Scalar>& data,
                                                  const Part& part, MetricSums& sums,
                                                  const Observer& observer) {
  Batch<Scalar>& batch = plan.batch;
  const auto count = static_cast<Index>(batch.slices().size());
  for (Index k = 0; k < count; ++k) {
    const Slice<Scalar>& slice = batch.slices()[std::size_t(k)];
    objective_->load(data, part.row_range(slice.first_row, slice.rows), slice,
                     plan.objectives[std::size_t(k)]);
  }
  const double scale = mean_scale(plan.objectives);
  run_slices(count, batch.parallel(), [&](Index k) {
    Slice<Scalar>& slice = batch.slices()[std::size_t(k)];
    SliceObjective<Scalar>& targets = plan.objectives[std::size_t(k)];
    if (!batch.key().training) return objective_->evaluate(slice, targets);
    objective_->differentiate(slice, targets, scale);
    batch.backward(slice, objective_->loss_tensor());
  });
  stop_if_requested(&observer);
  Loss loss;
  for (const SliceObjective<Scalar>& slice : plan.objectives) {
    loss.mean += slice.loss;
    loss.rows += slice.rows;
    for (std::size_t m = 0; m < sums.metrics.size(); ++m) sums.metrics[m] += slice.metric_sums[m];
  }
  loss.mean *= scale;
  sums.rows += loss.rows;
  if (penalized_) loss.mean += penalty(network_);
  return loss;
}

/// One step of the optimizer with the gradients of a batch.
template <class Scalar>
void Model<Scalar>::update(Batch<Scalar>& batch) {
  const Span<Scalar> gradients = batch.sum_gradients(penalized_ || optimizer_->clips());
  if (penalized_) add_penalty_gradient<Scalar>(network_, gradients.array());
  optimizer_->apply(network_.values(), gradients, segments_);
}

/// Trains or evaluates; where the part is not scored, only the states go on.
template <class Scalar>
typename Model<Scalar>::Loss Model<Scalar>::run_part(const Run& run, const Part& part,
                                                     const Carrier& carrier, bool scored) {
  Plan& current = plan_for(run.data, part, run.training, scored);
  const Random random = run.training ? next_stream() : Random{};
  forward(current, run.data, part,
          {run.training, random, &run.observer, part.first > 0, objective_->last_read()}, carrier);
  Loss loss;
  if (scored) loss = score(current, run.data, part, run.sums, run.observer);
  require_finite_batch(current, run.observer);
  carrier.states.commit();
  if (scored && run.training) update(current.batch);
  return loss;
}

/// The data were finite when the call began, but they are borrowed: a hook may have written to
/// them.
template <class Scalar>
void Model<Scalar>::require_finite_batch(Plan& plan, const Observer& observer) const {
  if (!observer.outside_code_ran()) return;
  bool finite = true;
  for (const Slice<Scalar>& slice : plan.batch.slices()) {
    finite = finite && all_finite(slice.input().data, slice.input().size());
  }
  for (const SliceObjective<Scalar>& slice : plan.objectives) {
    finite = finite && all_finite(slice.targets.data, slice.targets.size()) &&
             all_finite(slice.weights.data, slice.weights.size);
  }
  if (finite) return;
  throw std::invalid_argument(
      "the data of a batch contain NaN or infinity; they were finite when the call began, so that "
      "a callback must have changed them");
}

// ---- the loops ---------------------------------------------------------------------------------

/// body(number of the batch, its samples) for one batch after the other, until it returns true;
/// whether it did.
template <class Scalar>
template <class Body>
bool Model<Scalar>::for_each_batch(std::vector<Index> order, Index batch_size, Observer& observer,
                                   const Body& body) {
  const Span<const Index> samples{order.data(), static_cast<Index>(order.size())};
  bool stop = false;
  for (Index batch = 0, first = 0; first < samples.size && !stop; ++batch, first += batch_size) {
    if (observer.check_between_batches()) throw Interrupted();
    stop = body(batch, samples.part(first, std::min(batch_size, samples.size - first)));
  }
  order_ = std::move(order);
  return stop;
}

template <class Scalar>
bool Model<Scalar>::train_epoch(const Dataset<Scalar>& data, const FitOptions& options, Index epoch,
                                MetricSums& sums, Observer& observer) {
  const Run run{data, true, options.bptt_steps, sums, observer};
  const Observer::Logs logs = [&] { return objective_->logs(sums); };
  return for_each_batch(epoch_order(data.samples, options), options.batch_size, observer,
                        [&](Index batch, Span<const Index> samples) {
                          observer.batch_begin(batch);
                          run_batch(run, whole(data, samples));
                          return observer.batch_end(epoch, batch, logs);
                        });
}

template <class Scalar>
std::vector<double> Model<Scalar>::evaluate_epoch(const Dataset<Scalar>& data, Index batch_size,
                                                  Index bptt_steps, Observer& observer) {
  MetricSums sums = objective_->no_sums();
  const Run run{data, false, bptt_steps, sums, observer};
  const Observer::Logs logs = [&] { return objective_->logs(sums); };
  for_each_batch(in_order(data.samples), batch_size, observer,
                 [&](Index batch, Span<const Index> samples) {
                   observer.test_batch_begin(batch);
                   run_batch(run, whole(data, samples));
                   return observer.test_batch_end(batch, logs);
                 });
  return logs();
}

template <class Scalar>
std::vector<std::vector<double>> Model<Scalar>::fit(const Dataset<Scalar>& data,
                                                    const FitOptions& options,
                                                    const Dataset<Scalar>* validation,
                                                    Observer& observer) {
  const DenormalGuard guard;
  (void)objective();
  require_windows(options.bptt_steps);
  require_states(options.batch_size, data.samples);
  if (validation) {
    require_states(options.validation_batch_size, validation->samples);
    if (network_.stateful()) require_batch(options.batch_size, options.validation_batch_size);
  }
  std::vector<std::vector<double>> history;
  for (Index epoch = options.initial_epoch; epoch < options.epochs; ++epoch) {
    observer.epoch_begin(epoch);
    refresh_segments();
    MetricSums sums = objective_->no_sums();
    bool stop = train_epoch(data, options, epoch, sums, observer);
    std::vector<double> logs = objective_->logs(sums);
    if (validation && validates(options.validation_freq, epoch)) {
      observer.test_begin();
      const std::vector<double> validated =
          evaluate_epoch(*validation, options.validation_batch_size, options.bptt_steps, observer);
      observer.test_end(validated);
      logs.insert(logs.end(), validated.begin(), validated.end());
    }
    stop = observer.epoch_end(epoch, logs) || stop;
    history.push_back(std::move(logs));
    if (stop) break;
  }
  return history;
}

template <class Scalar>
std::vector<double> Model<Scalar>::train_on_batch(const Dataset<Scalar>& data, Observer& observer,
                                                  Index bptt_steps) {
  const DenormalGuard guard;
  MetricSums sums = objective().no_sums();
  require_windows(bptt_steps);
  require_states(data.samples, data.samples);
  refresh_segments();
  const Run run{data, true, bptt_steps, sums, observer};
  for_each_batch(in_order(data.samples), data.samples, observer,
                 [&](Index, Span<const Index> samples) {
                   run_batch(run, whole(data, samples));
                   return false;
                 });
  return objective_->logs(sums);
}

template <class Scalar>
std::vector<double> Model<Scalar>::evaluate(const Dataset<Scalar>& data, Index batch_size,
                                            Observer& observer) {
  const DenormalGuard guard;
  (void)objective();
  require_states(batch_size, data.samples);
  refresh_segments();
  return evaluate_epoch(data, batch_size, 0, observer);
}

template <class Scalar>
void Model<Scalar>::predict(const Dataset<Scalar>& data, Index batch_size, Span<Scalar> y,
                            Observer& observer) {
  const DenormalGuard guard;
  require_states(batch_size, data.samples);
  for_each_batch(in_order(data.samples), batch_size, observer,
                 [&](Index batch, Span<const Index> samples) {
                   observer.predict_batch_begin(batch);
                   predict_batch(data, whole(data, samples), y, observer);
                   observer.predict_batch_end(batch);
                   return false;
                 });
}

template <class Scalar>
void Model<Scalar>::predict_batch(const Dataset<Scalar>& data, const Part& part, Span<Scalar> y,
                                  Observer& observer) {
  Plan& current = plan_for(data, part, false, false);
  forward(current, data, part, {false, {}, &observer}, {states_, false});
  require_finite_batch(current, observer);
  states_.commit();
  for (const Slice<Scalar>& slice : current.batch.slices()) {
    scatter<Scalar>(data, part.row_range(slice.first_row, slice.rows), slice.output(),
                    network_.timed_output(), y);
  }
}

template class Model<float>;
template class Model<double>;

}  // namespace echocell
