#include "training/optimizers/options.hpp"

#include <cmath>
#include <stdexcept>

namespace echocell {
namespace {

void check_number(const char* name, double value) {
  if (std::isfinite(value) && value >= 0) return;
  throw std::invalid_argument("optimizer: expected " + std::string(name) +
                              " to be finite and not negative; received " + std::to_string(value));
}

}  // namespace

void check_learning_rate(double learning_rate) { check_number("learning_rate", learning_rate); }

void check(const OptimizerOptions& o) {
  check_learning_rate(o.learning_rate);
  check_number("momentum", o.momentum);
  check_number("rho", o.rho);
  check_number("beta_1", o.beta_1);
  check_number("beta_2", o.beta_2);
  check_number("epsilon", o.epsilon);
  check_number("initial_accumulator_value", o.initial_accumulator_value);
  check_number("weight_decay", o.weight_decay);
  check_number("decay", o.decay);
  check_number("clipnorm", o.clipnorm);
  check_number("clipvalue", o.clipvalue);
  check_number("global_clipnorm", o.global_clipnorm);
  if ((o.clipnorm > 0) + (o.clipvalue > 0) + (o.global_clipnorm > 0) > 1) {
    throw std::invalid_argument(
        "optimizer: expected at most one of clipnorm, clipvalue and global_clipnorm; received "
        "clipnorm=" +
        std::to_string(o.clipnorm) + ", clipvalue=" + std::to_string(o.clipvalue) +
        ", global_clipnorm=" + std::to_string(o.global_clipnorm));
  }
}

std::vector<std::string> slot_names(const OptimizerOptions& options) {
  std::vector<std::string> names;
  switch (options.kind) {
    case OptimizerKind::sgd:
      if (options.momentum > 0) names = {"momentum"};
      break;
    case OptimizerKind::rmsprop:
      names = {"velocity"};
      if (options.momentum > 0) names.emplace_back("momentum");
      if (options.centered) names.emplace_back("average_gradient");
      break;
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      names = {"momentum", "velocity"};
      if (options.amsgrad) names.emplace_back("velocity_hat");
      break;
    case OptimizerKind::adagrad:
      names = {"accumulator"};
      break;
  }
  return names;
}

}  // namespace echocell
