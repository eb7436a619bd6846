// Optimizers: Keras 3's update rules over the flat arena of all parameters of a network. A slot is
// state of the optimizer as long as the arena, one number per parameter.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "numerics/shape.hpp"
#include "numerics/workspace.hpp"
#include "training/idle_pages.hpp"

namespace echocell {

enum class OptimizerKind { sgd, rmsprop, adam, adamw, adagrad };

/// "sgd", ...; throws std::invalid_argument that lists the names.
OptimizerKind optimizer_kind(const std::string& name);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::sgd;
  double learning_rate = 0.01;
  double momentum = 0;    // sgd, rmsprop
  bool nesterov = false;  // sgd
  double rho = 0.9;       // rmsprop
  bool centered = false;  // rmsprop
  double beta_1 = 0.9;    // adam, adamw
  double beta_2 = 0.999;
  bool amsgrad = false;
  double epsilon = 1e-7;                   // all but sgd
  double initial_accumulator_value = 0.1;  // adagrad
  double weight_decay = 0;                 // of every kind, decoupled from the gradient
  double decay = 0;                        // Keras 2's learning_rate / (1 + decay * iterations)
  // At most one of these is over 0; 0 is off.
  double clipnorm = 0;         // the norm of each segment's gradient
  double clipvalue = 0;        // each number
  double global_clipnorm = 0;  // the norm over all trainable segments
};

/// The slots that these options need, in order, under Keras's names: "momentum", "velocity", ...
std::vector<std::string> slot_names(const OptimizerOptions& options);

/// One parameter's place in the arena.
struct Segment {
  Index offset;
  Index size;
  bool trainable;
};

/// base^n for n that usually goes up by one: then a multiplication, where std::pow would be a good
/// part of a small update. What it gives depends on base and n alone.
class RunningPower {
 public:
  double at(double base, std::int64_t n) {
    constexpr std::int64_t kFromHere = 1024;  // powers of multiples of this are taken anew
    if (base != base_ || n < n_ || n / kFromHere != n_ / kFromHere) {
      base_ = base;
      n_ = n / kFromHere * kFromHere;
      value_ = std::pow(base, static_cast<double>(n_));
    }
    for (; n_ < n; ++n_) value_ *= base;
    return value_;
  }

 private:
  double base_ = -1, value_ = 1;
  std::int64_t n_ = 0;
};

template <class S>
class Optimizer {
 public:
  /// count: the length of the arena. Slots start as Keras's do, iterations at 0. Throws
  /// std::invalid_argument for an option that is negative or not finite, or two ways of clipping.
  Optimizer(const OptimizerOptions& options, Index count);

  /// One update. values and gradients [count] do not overlap; gradients are clipped in place.
  /// segments lie in order and apart. Padding between them has gradient 0 and is 0, and stays so.
  /// Segments that are not trainable keep values and slots; their gradients are never looked at.
  void apply(S* values, S* gradients, const std::vector<Segment>& segments);

  /// Does apply() change the gradients?
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
  const std::vector<Buffer<S>>& slots() const { return slots_; }
  /// The same, to be written to before the next update.
  std::vector<Buffer<S>>& writable_slots() {
    idle_.wake_all();
    return slots_;
  }

  /// Whether the slots mean the same under those options.
  bool same_kind(const OptimizerOptions& options) const;

  /// Other numbers for the same kind; slots and iterations stay. Throws where !same_kind(options).
  void set_options(const OptimizerOptions& options);

 private:
  /// The factors of one update.
  struct Rates {
    S rate, shrink, alpha;
  };
  Rates next_rates();
  void clip(S* gradients, const std::vector<Segment>& segments) const;
  void update(const Rates& rates, S* values, const S* gradients, Index begin, Index size);

  OptimizerOptions options_;  // but for the learning rate
  // Read by other threads while apply() runs.
  std::atomic<double> learning_rate_{0};
  std::atomic<std::int64_t> iterations_{0};
  IdlePages idle_;
  RunningPower beta_1_to_, beta_2_to_;
  std::vector<Buffer<S>> slots_;
};

}  // namespace echocell
