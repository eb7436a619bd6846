// Optimizers: Keras 3's update rules over the flat arena of all parameters of a network. A slot is
// state of the optimizer as long as the arena, one number per parameter.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "numerics/shape.hpp"
#include "numerics/workspace.hpp"
#include "training/optimizers/idle_pages.hpp"
#include "training/optimizers/options.hpp"
#include "training/optimizers/rates.hpp"
#include "training/optimizers/running_power.hpp"

namespace echocell {

/// One parameter's place in the arena.
struct Segment {
  Index offset;
  Index size;
  bool trainable;
};

template <class Scalar>
class Optimizer {
 public:
  /// count: the length of the arena. Slots start as Keras's do, iterations at 0. Throws
  /// std::invalid_argument for an option that is negative or not finite, or two ways of clipping.
  Optimizer(const OptimizerOptions& options, Index count);

  /// One update. values and gradients, as long as the arena, do not overlap; gradients are clipped
  /// in place. segments lie in order and apart, each from a multiple of the alignment on. Padding
  /// between them has gradient 0 and is 0, and stays so. Segments that are not trainable keep
  /// values and slots; their gradients are never looked at.
  void apply(Span<Scalar> values, Span<Scalar> gradients, const std::vector<Segment>& segments);

  /// Whether apply() changes the gradients.
  bool clips() const {
    return options_.clipnorm > 0 || options_.clipvalue > 0 || options_.global_clipnorm > 0;
  }

  /// As it was set: before `decay`.
  double learning_rate() const { return learning_rate_.load(std::memory_order_relaxed); }
  void set_learning_rate(double learning_rate);

  std::int64_t iterations() const { return iterations_.load(std::memory_order_relaxed); }
  void set_iterations(std::int64_t n) { iterations_.store(n, std::memory_order_relaxed); }

  std::vector<std::string> names_of_slots() const { return slot_names(options_); }
  /// Each [count], in the order of slot_names().
  const std::vector<Buffer<Scalar>>& slots() const { return slots_; }
  /// The same, to be written to before the next update.
  std::vector<Buffer<Scalar>>& writable_slots() {
    idle_.wake_all();
    return slots_;
  }

  /// Whether the slots mean the same under those options.
  bool same_kind(const OptimizerOptions& options) const;

  /// Other numbers for the same kind; slots and iterations stay. Throws where !same_kind(options).
  void set_options(const OptimizerOptions& options);

 private:
  Rates<Scalar> next_rates();
  void clip(Span<Scalar> gradients, const std::vector<Segment>& segments) const;
  void update(const Rates<Scalar>& rates, ArrayView<Scalar> values,
              const ConstArrayView<Scalar>& gradients, Index begin);

  OptimizerOptions options_;  // but for the learning rate
  // Read by other threads while apply() runs.
  std::atomic<double> learning_rate_{0};
  std::atomic<std::int64_t> iterations_{0};
  IdlePages idle_;
  RunningPower beta_1_to_, beta_2_to_;
  std::vector<Buffer<Scalar>> slots_;
};

}  // namespace echocell
