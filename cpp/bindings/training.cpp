// The options of losses, metrics and optimizers.
#include "bindings/bindings.hpp"
#include "training/objective/losses.hpp"
#include "training/objective/metrics.hpp"
#include "training/optimizers/optimizer.hpp"

namespace echocell::bindings {

namespace py = pybind11;
using namespace py::literals;

namespace {

OptimizerOptions optimizer(const std::string& kind, double learning_rate, double momentum,
                           bool nesterov, double rho, bool centered, double beta_1, double beta_2,
                           bool amsgrad, double epsilon, double initial_accumulator_value,
                           double weight_decay, double decay, double clipnorm, double clipvalue,
                           double global_clipnorm) {
  OptimizerOptions o;
  o.kind = optimizer_kind(kind);
  o.learning_rate = learning_rate;
  o.momentum = momentum;
  o.nesterov = nesterov;
  o.rho = rho;
  o.centered = centered;
  o.beta_1 = beta_1;
  o.beta_2 = beta_2;
  o.amsgrad = amsgrad;
  o.epsilon = epsilon;
  o.initial_accumulator_value = initial_accumulator_value;
  o.weight_decay = weight_decay;
  o.decay = decay;
  o.clipnorm = clipnorm;
  o.clipvalue = clipvalue;
  o.global_clipnorm = global_clipnorm;
  return o;
}

}  // namespace

void bind_training(py::module_& m) {
  py::class_<LossOptions>(m, "LossOptions")
      .def(py::init(
               [](const std::string& kind, bool from_logits, double label_smoothing, double delta) {
                 return LossOptions{loss_kind(kind), from_logits, label_smoothing, delta};
               }),
           py::kw_only(), "kind"_a, "from_logits"_a = false, "label_smoothing"_a = 0.0,
           "delta"_a = 1.0);
  py::class_<MetricOptions>(m, "MetricOptions")
      .def(py::init([](const std::string& kind, double threshold, Index k) {
             return MetricOptions{metric_kind(kind), threshold, k};
           }),
           py::kw_only(), "kind"_a, "threshold"_a = 0.5, "k"_a = 5);
  py::class_<OptimizerOptions>(m, "OptimizerOptions")
      .def(py::init(&optimizer), py::kw_only(), "kind"_a, "learning_rate"_a, "momentum"_a = 0.0,
           "nesterov"_a = false, "rho"_a = 0.9, "centered"_a = false, "beta_1"_a = 0.9,
           "beta_2"_a = 0.999, "amsgrad"_a = false, "epsilon"_a = 1e-7,
           "initial_accumulator_value"_a = 0.1, "weight_decay"_a = 0.0, "decay"_a = 0.0,
           "clipnorm"_a = 0.0, "clipvalue"_a = 0.0, "global_clipnorm"_a = 0.0);
}

}  // namespace echocell::bindings
