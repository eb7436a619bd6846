// The options of an optimizer, under Keras's names.
#pragma once

#include <string>
#include <vector>

#include "numerics/kind_names.hpp"

namespace echocell {

enum class OptimizerKind { sgd, rmsprop, adam, adamw, adagrad };

inline constexpr KindName<OptimizerKind> kOptimizerNames[] = {
    {"sgd", OptimizerKind::sgd},         {"rmsprop", OptimizerKind::rmsprop},
    {"adam", OptimizerKind::adam},       {"adamw", OptimizerKind::adamw},
    {"adagrad", OptimizerKind::adagrad},
};

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

/// Throws std::invalid_argument for an option that is negative or not finite, or two ways of
/// clipping.
void check(const OptimizerOptions& options);
/// The same for the learning rate alone.
void check_learning_rate(double learning_rate);

/// The slots that these options need, in order, under Keras's names: "momentum", "velocity", ...
std::vector<std::string> slot_names(const OptimizerOptions& options);

}  // namespace echocell
