// A network with what it takes to train it: loss, optimizer, carried states, random numbers, and
// the loops over epochs and batches.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "training/network/batch.hpp"
#include "training/network/states.hpp"
#include "training/network/stepper.hpp"
#include "training/network/unpadded_rows.hpp"
#include "training/network/windows.hpp"
#include "training/objective/objective.hpp"
#include "training/observer.hpp"
#include "training/optimizers/optimizer.hpp"

namespace echocell {

/// The order of the samples in an epoch.
enum class Shuffle {
  none,
  samples,
  batches,  // batches stay runs of the data; the last one, where it is smaller, stays the last
};

/// Every so many epochs, or in these epochs, counted from 1.
using ValidationFrequency = std::variant<Index, std::vector<Index>>;

struct FitOptions {
  Index batch_size = 32;
  Index epochs = 1;
  Index initial_epoch = 0;
  Shuffle shuffle = Shuffle::samples;
  Index validation_batch_size = 32;
  ValidationFrequency validation_freq = Index(1);
  Index bptt_steps = 0;  // 0: gradients through whole sequences
};

/// The outputs, states and traces of one layer for some input. All numbers batch-major.
template <class Scalar>
struct LayerRun {
  struct Values {
    std::string name;
    Shape shape;  // of one sample
    std::vector<Scalar> numbers;

    Span<Scalar> span() { return {numbers.data(), static_cast<Index>(numbers.size())}; }
  };
  Values output;
  std::vector<Values> states;
  std::vector<Values> traces;  // gates and cell states over time, in the order of processing
};

/// The input of one layer; [B, ...] batch-major. Null: none.
template <class Scalar>
struct LayerInput {
  Span<const Scalar> x;
  Index batch = 0;
  Shape sample;
  Span<const std::uint8_t> mask;                  // [B, T]
  std::vector<Span<const Scalar>> initial_state;  // [B, width] each; empty: zeros
  bool training = false;
  bool from_input = false;  // x is the network's input: the layers in front run first
};

/// The loss of a batch and its gradients, for those who check them.
template <class Scalar>
struct Gradients {
  double loss = 0;
  Span<const Scalar> parameters;  // as long as the arena
  std::vector<Scalar> input;      // batch-major, like the input
};

template <class Scalar>
class Model {
 public:
  Model(const std::vector<std::shared_ptr<const LayerOptions>>& layers, Shape input,
        std::uint64_t seed);

  Network<Scalar>& network() { return network_; }
  const Network<Scalar>& network() const { return network_; }
  States<Scalar>& states() { return states_; }
  LossKind loss() const { return objective().loss(); }
  Optimizer<Scalar>& optimizer();

  /// With keep_slots those of an earlier compile stay if the optimizer is of the same kind.
  void compile(const LossOptions& loss, std::vector<MetricOptions> metrics,
               const OptimizerOptions& optimizer, bool keep_slots = true);

  /// Without a loss, an optimizer and its slots again; predictions need none of them.
  void uncompile();

  /// A row of logs per epoch: loss, metrics, then the same of the validation where it ran.
  std::vector<std::vector<double>> fit(const Dataset<Scalar>& data, const FitOptions& options,
                                       const Dataset<Scalar>* validation, Observer& observer);
  /// One update with all of the data as one batch; with bptt_steps one per window, see windows.hpp.
  std::vector<double> train_on_batch(const Dataset<Scalar>& data, Observer& observer,
                                     Index bptt_steps = 0);
  std::vector<double> evaluate(const Dataset<Scalar>& data, Index batch_size, Observer& observer);
  /// y: room for samples * volume(output_shape for this input); arranged like x where samples
  /// differ in length and there is an output at each of their steps.
  void predict(const Dataset<Scalar>& data, Index batch_size, Span<Scalar> y, Observer& observer);
  /// For one time step after the other, the states carried in all layers.
  Stepper<Scalar>& stepper() { return stepper_; }
  // In model_inspection.cpp:
  Gradients<Scalar> gradients(const Dataset<Scalar>& data, bool training, Observer& observer);
  LayerRun<Scalar> run_layer(Index layer, const LayerInput<Scalar>& input, Observer& observer);

  /// The shape of one output for input of this shape.
  Shape output_shape(const Shape& input) const { return network_.tensor_shapes(input).back(); }

  /// The seed of all random numbers, and how many streams were taken from it.
  std::pair<std::uint64_t, std::uint64_t> random_state() const { return {random_.key, draws_}; }
  void set_random_state(std::uint64_t seed, std::uint64_t draws) {
    random_.key = seed;
    draws_ = draws;
  }
  /// How many times run_layer() has drawn random numbers: from streams of its own, so that those
  /// who look inside do not change the training.
  std::uint64_t layer_draws() const { return layer_draws_; }
  void set_layer_draws(std::uint64_t draws) { layer_draws_ = draws; }
  /// Memory held in plans, in bytes.
  Index workspace_bytes() const;
  /// Lets go of that memory; what is needed is planned again. Not within a batch.
  void release_workspaces();

 private:
  /// A batch, and the objective over its slices.
  struct Plan {
    Batch<Scalar> batch;
    std::vector<SliceObjective<Scalar>> objectives;
    Plan(const Network<Scalar>& network, BatchKey key) : batch(network, std::move(key)) {}
  };

  /// A mean loss, and how many rows of the output it is the mean of.
  struct Loss {
    double mean = 0;
    double rows = 0;
  };
  /// Which states a pass begins with and writes: of stateful layers, or of all.
  struct Carrier {
    States<Scalar>& states;
    bool all_layers;
  };
  /// Training or evaluation with a data set.
  struct Run {
    const Dataset<Scalar>& data;
    bool training;
    Index bptt_steps;  // 0: whole sequences
    MetricSums& sums;
    Observer& observer;
  };

  const Objective<Scalar>& objective() const;
  Plan& plan(const BatchKey& key, bool with_objective);
  Plan& plan_for(const Dataset<Scalar>& data, const Part& part, bool training, bool with_objective);
  void forget_idle_plans();
  Part whole(const Dataset<Scalar>& data, Span<const Index> order);
  void forward(Plan& plan, const Dataset<Scalar>& data, const Part& part, BatchContext context,
               const Carrier& carrier);
  Loss score(Plan& plan, const Dataset<Scalar>& data, const Part& part, MetricSums& sums,
             const Observer& observer);
  void update(Batch<Scalar>& batch);
  void require_finite_batch(Plan& plan, const Observer& observer) const;
  Loss run_part(const Run& run, const Part& part, const Carrier& carrier, bool scored);
  void run_batch(const Run& run, const Part& batch);
  void run_sequences(const Run& run, const Part& batch);
  double walk(const Run& run, const Part& batch);
  void predict_batch(const Dataset<Scalar>& data, const Part& part, Span<Scalar> y,
                     Observer& observer);
  template <class Body>
  bool for_each_batch(std::vector<Index> order, Index batch_size, Observer& observer,
                      const Body& body);
  bool train_epoch(const Dataset<Scalar>& data, const FitOptions& options, Index epoch,
                   MetricSums& sums, Observer& observer);
  std::vector<double> evaluate_epoch(const Dataset<Scalar>& data, Index batch_size,
                                     Index bptt_steps, Observer& observer);
  void require_windows(Index bptt_steps) const;
  void require_states(Index batch_size, Index samples);
  std::vector<Index> in_order(Index samples);
  std::vector<Index> epoch_order(Index samples, const FitOptions& options);
  void refresh_segments();
  Random next_stream() { return random_.child(draws_++); }
  Random next_layer_stream() { return random_.child(kFirstLayerStream + layer_draws_++); }

  Network<Scalar> network_;
  States<Scalar> states_;
  Stepper<Scalar> stepper_;
  States<Scalar> walking_;  // of a batch that is walked in windows, until its end
  std::optional<Objective<Scalar>> objective_;
  std::unique_ptr<Optimizer<Scalar>> optimizer_;
  std::vector<std::unique_ptr<Plan>> plans_;  // in the order of their last use, the latest first
  BatchKey wanted_;                           // that plan_for() looks for
  std::vector<Index> order_;  // lent to a loop while it runs, so that a nested call has its own
  std::vector<Index> labels_, sorted_;  // of a batch whose samples differ in length
  UnpaddedRows<Scalar> unpadded_;       // of a batch that is walked in windows
  std::vector<Segment> segments_;
  bool penalized_ = false;  // has any parameter a penalty? As of refresh_segments()
  Random random_;
  std::uint64_t draws_ = 0;
  static constexpr std::uint64_t kFirstLayerStream = std::uint64_t{1} << 63;  // far beyond draws_
  std::uint64_t layer_draws_ = 0;
};

}  // namespace echocell
