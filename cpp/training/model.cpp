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

/// Is it the key of a plan for this part, from the input to the output?
bool is_for(const BatchKey& key, const Shape& sample, const Part& part, bool training) {
  return key.rows == part.rows && key.training == training && key.lengths == part.padded &&
         !key.input_gradient && !key.input_mask && key.first == 0 && key.last == -1 &&
         key.input.size() == sample.size() &&
         (sample.empty() || (key.input[0] == part.steps &&
                             std::equal(sample.begin() + 1, sample.end(), key.input.begin() + 1)));
}

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
const Head<Scalar>& Model<Scalar>::head() const {
  if (!head_) throw std::invalid_argument("the model must be compiled before it is trained");
  return *head_;
}

template <class Scalar>
Optimizer<Scalar>& Model<Scalar>::optimizer() {
  (void)head();
  return *optimizer_;
}

template <class Scalar>
void Model<Scalar>::compile(const LossOptions& loss, std::vector<MetricOptions> metrics,
                            const OptimizerOptions& options) {
  Head<Scalar> new_head(network_, loss, std::move(metrics));
  if (optimizer_ && optimizer_->same_kind(options)) {
    optimizer_->set_options(options);
  } else {
    optimizer_ = std::make_unique<Optimizer<Scalar>>(options, network_.parameter_count());
  }
  head_ = std::move(new_head);
  plans_.clear();
}

template <class Scalar>
void Model<Scalar>::uncompile() {
  head_.reset();
  optimizer_.reset();
  plans_.clear();
}

// ---- plans and states --------------------------------------------------------------------------

/// The plans stand in the order of their last use, the latest first.
template <class Scalar>
typename Model<Scalar>::Plan& Model<Scalar>::plan(BatchKey key, bool with_head) {
  auto found = std::find_if(plans_.begin(), plans_.end(),
                            [&](const auto& known) { return known->batch.key() == key; });
  if (found == plans_.end()) {
    while (plans_.size() >= kPlans &&
           (plans_.size() >= kMostPlans || workspace_bytes() > kBytesOfMostPlans)) {
      plans_.pop_back();
    }
    plans_.push_back(std::make_unique<Plan>(network_, std::move(key)));
    found = plans_.end() - 1;
  }
  std::rotate(plans_.begin(), found, found + 1);
  Plan& plan = *plans_.front();
  if (with_head && plan.heads.empty()) {
    std::vector<HeadBuffers<Scalar>> heads;
    for (Slice<Scalar>& slice : plan.batch.slices()) heads.push_back(head().plan(slice));
    plan.heads = std::move(heads);
  }
  forget_old_plans();
  return plan;
}

/// Keeps the plan in use, and as many of the latest ones as the bound allows.
template <class Scalar>
void Model<Scalar>::forget_old_plans() {
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

template <class Scalar>
typename Model<Scalar>::Plan& Model<Scalar>::plan_for(const Dataset<Scalar>& data, const Part& part,
                                                      bool training, bool with_head) {
  if (!plans_.empty() && is_for(plans_.front()->batch.key(), data.sample, part, training) &&
      !(with_head && plans_.front()->heads.empty())) {
    return *plans_.front();  // as nearly always
  }
  BatchKey key{part.rows, part_shape(data, part), training};
  key.lengths = part.padded;
  return plan(std::move(key), with_head);
}

/// All steps of these samples. Where they differ in length the longest come first, so that a slice
/// holds rows of similar length; but rows with carried states stay where those are.
template <class Scalar>
Part Model<Scalar>::whole(const Dataset<Scalar>& data, const Index* order, Index rows) {
  if (!data.ragged()) return {order, rows, 0, data.steps()};
  labels_.resize(static_cast<std::size_t>(rows));
  sorted_.resize(static_cast<std::size_t>(rows));
  std::iota(labels_.begin(), labels_.end(), Index(0));
  const auto length = [&](Index b) { return data.length(order[b]); };
  const auto longer = [&](Index a, Index b) {
    return length(a) != length(b) ? length(a) > length(b) : a < b;
  };
  if (!network_.stateful()) std::sort(labels_.begin(), labels_.end(), longer);
  std::transform(labels_.begin(), labels_.end(), sorted_.begin(),
                 [&](Index b) { return order[b]; });
  const auto [longest, shortest] = std::minmax_element(labels_.begin(), labels_.end(), longer);
  Part part{sorted_.data(), rows, 0, length(*longest)};
  part.labels = labels_.data();
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
  if (options.shuffle == Shuffle::samples) shuffle(next_stream(), order.data(), samples);
  if (options.shuffle == Shuffle::batches) {
    const Index size = options.batch_size;
    std::vector<Index> batches(static_cast<std::size_t>(samples / size));
    std::iota(batches.begin(), batches.end(), Index(0));
    shuffle(next_stream(), batches.data(), samples / size);
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
  if (carrier.all_layers || network_.stateful()) carrier.states.require(part.rows);
  carrier.states.bind(batch, carrier.all_layers);
  run_slices(static_cast<Index>(batch.slices().size()), batch.parallel(), [&](Index k) {
    Slice<Scalar>& slice = batch.slices()[std::size_t(k)];
    const Part rows = part.from_row(slice.first_row);
    gather(data, rows, slice.input());
    if (part.padded) gather_lengths(data, rows, slice.lengths);
    slice.row_labels = rows.labels;
    batch.forward(slice, context);
  });
  stop_if_requested(context.interrupt);
}

/// Loss, metrics and the parameters' gradients of a part that went forward.
template <class Scalar>
typename Model<Scalar>::PartLoss Model<Scalar>::differentiate(Plan& plan,
                                                              const Dataset<Scalar>& data,
                                                              const Part& part,
                                                              const BatchContext& context,
                                                              Tally& tally) {
  Batch<Scalar>& batch = plan.batch;
  const auto count = static_cast<Index>(batch.slices().size());
  for (Index k = 0; k < count; ++k) {
    Slice<Scalar>& slice = batch.slices()[std::size_t(k)];
    head_->load(data, part.from_row(slice.first_row), slice, plan.heads[std::size_t(k)]);
  }
  const double scale = head_->scale(plan.heads);
  run_slices(count, batch.parallel(), [&](Index k) {
    Slice<Scalar>& slice = batch.slices()[std::size_t(k)];
    HeadBuffers<Scalar>& buffers = plan.heads[std::size_t(k)];
    head_->differentiate(slice, buffers, scale);
    batch.backward(slice, head_->loss_tensor());
  });
  stop_if_requested(context.interrupt);
  return part_loss(plan, tally);
}

/// The loss of what the heads evaluated; their metrics go to the tally.
template <class Scalar>
typename Model<Scalar>::PartLoss Model<Scalar>::part_loss(Plan& plan, Tally& tally) const {
  PartLoss part;
  for (const HeadBuffers<Scalar>& head : plan.heads) {
    part.loss += head.loss;
    part.valid += head.valid;
    for (std::size_t m = 0; m < head.metric_sums.size(); ++m) {
      tally.metric_sums[m] += head.metric_sums[m];
      tally.metric_weights[m] += head.valid;
    }
  }
  part.loss *= head_->scale(plan.heads);
  if (penalized_) part.loss += penalty(network_);
  return part;
}

template <class Scalar>
typename Model<Scalar>::PartLoss Model<Scalar>::train_part(const Dataset<Scalar>& data,
                                                           const Part& part, const Carrier& carrier,
                                                           Tally& tally, Observer& observer) {
  Plan& current = plan_for(data, part, true, true);
  const BatchContext context{true, next_stream(), &observer, part.first > 0, head_->last_read()};
  forward(current, data, part, context, carrier);
  const PartLoss loss = differentiate(current, data, part, context, tally);
  require_finite_batch(current, observer);
  carrier.states.commit();
  Scalar* gradients = current.batch.sum_gradients(penalized_ || optimizer_->clips());
  if (penalized_) add_penalty_gradient(network_, gradients);
  optimizer_->apply(network_.values(), gradients, segments_);
  return loss;
}

template <class Scalar>
typename Model<Scalar>::PartLoss Model<Scalar>::evaluate_part(const Dataset<Scalar>& data,
                                                              const Part& part,
                                                              const Carrier& carrier, Tally& tally,
                                                              Observer& observer) {
  Plan& current = plan_for(data, part, false, true);
  forward(current, data, part, {false, {}, &observer, part.first > 0}, carrier);
  for (std::size_t k = 0; k < current.heads.size(); ++k) {
    Slice<Scalar>& slice = current.batch.slices()[k];
    head_->load(data, part.from_row(slice.first_row), slice, current.heads[k]);
    head_->evaluate(slice, current.heads[k]);
  }
  require_finite_batch(current, observer);
  carrier.states.commit();
  return part_loss(current, tally);
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
  for (const HeadBuffers<Scalar>& head : plan.heads) finite = finite && head_->finite(head);
  if (finite) return;
  throw std::invalid_argument(
      "the data of a batch contain NaN or infinity; they were finite when the call began, so that "
      "a callback must have changed them");
}

// ---- the loops ---------------------------------------------------------------------------------

template <class Scalar>
bool Model<Scalar>::train_epoch(const Dataset<Scalar>& data, const FitOptions& options, Index epoch,
                                Tally& tally, Observer& observer) {
  std::vector<Index> order = epoch_order(data.samples, options);
  const Observer::Logs logs = [&] { return head_->logs(tally); };
  bool stop = false;
  Index batch = 0;
  for (Index first = 0; first < data.samples && !stop; first += options.batch_size, ++batch) {
    if (observer.check_between_batches()) throw Interrupted();
    const Index rows = std::min(options.batch_size, data.samples - first);
    observer.batch_begin(batch);
    run_batch(data, whole(data, order.data() + first, rows), true, options.bptt_steps, tally,
              observer);
    stop = observer.batch_end(epoch, batch, logs);
  }
  order_ = std::move(order);
  return stop;
}

template <class Scalar>
std::vector<std::vector<double>> Model<Scalar>::fit(const Dataset<Scalar>& data,
                                                    const FitOptions& options,
                                                    const Dataset<Scalar>* validation,
                                                    Observer& observer) {
  const DenormalGuard guard;
  const std::size_t metrics = head().metrics().size();
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
    Tally tally(metrics);
    bool stop = train_epoch(data, options, epoch, tally, observer);
    std::vector<double> logs = head_->logs(tally);
    if (validation && validates(options.validation_freq, epoch)) {
      observer.test_begin();
      const std::vector<double> held_out = head_->logs(
          evaluate_tally(*validation, options.validation_batch_size, options.bptt_steps, observer));
      observer.test_end(held_out);
      logs.insert(logs.end(), held_out.begin(), held_out.end());
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
  Tally tally(head().metrics().size());
  require_windows(bptt_steps);
  require_states(data.samples, data.samples);
  refresh_segments();
  std::vector<Index> order = in_order(data.samples);
  run_batch(data, whole(data, order.data(), data.samples), true, bptt_steps, tally, observer);
  order_ = std::move(order);
  return head_->logs(tally);
}

template <class Scalar>
Tally Model<Scalar>::evaluate_tally(const Dataset<Scalar>& data, Index batch_size, Index bptt_steps,
                                    Observer& observer) {
  Tally tally(head().metrics().size());
  std::vector<Index> order = in_order(data.samples);
  const Observer::Logs logs = [&] { return head_->logs(tally); };
  Index batch = 0;
  bool stop = false;
  for (Index first = 0; first < data.samples && !stop; first += batch_size, ++batch) {
    if (observer.check_between_batches()) throw Interrupted();
    const Index rows = std::min(batch_size, data.samples - first);
    observer.test_batch_begin(batch);
    run_batch(data, whole(data, order.data() + first, rows), false, bptt_steps, tally, observer);
    stop = observer.test_batch_end(batch, logs);
  }
  order_ = std::move(order);
  return tally;
}

template <class Scalar>
std::vector<double> Model<Scalar>::evaluate(const Dataset<Scalar>& data, Index batch_size,
                                            Observer& observer) {
  const DenormalGuard guard;
  (void)head();
  require_states(batch_size, data.samples);
  refresh_segments();
  return head_->logs(evaluate_tally(data, batch_size, 0, observer));
}

template <class Scalar>
void Model<Scalar>::predict(const Dataset<Scalar>& data, Index batch_size, Scalar* y,
                            Observer& observer) {
  const DenormalGuard guard;
  require_states(batch_size, data.samples);
  std::vector<Index> order = in_order(data.samples);
  Index batch = 0;
  for (Index first = 0; first < data.samples; first += batch_size, ++batch) {
    if (observer.check_between_batches()) throw Interrupted();
    const Index rows = std::min(batch_size, data.samples - first);
    observer.predict_batch_begin(batch);
    predict_batch(data, whole(data, order.data() + first, rows), y, observer);
    observer.predict_batch_end(batch);
  }
  order_ = std::move(order);
}

template <class Scalar>
void Model<Scalar>::predict_batch(const Dataset<Scalar>& data, const Part& part, Scalar* y,
                                  Observer& observer) {
  Plan& current = plan_for(data, part, false, false);
  forward(current, data, part, {false, {}, &observer}, {states_, false});
  require_finite_batch(current, observer);
  states_.commit();
  for (const Slice<Scalar>& slice : current.batch.slices()) {
    scatter<Scalar>(data, part.from_row(slice.first_row), slice.output(), network_.timed_output(),
                    y);
  }
}

template class Model<float>;
template class Model<double>;

}  // namespace echocell
