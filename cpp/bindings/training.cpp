// The options of losses, metrics and optimizers.
#include "bindings/bindings.hpp"
#include "bindings/options.hpp"

namespace echocell::bindings {

void bind_training(py::module_& m) {
  bind_options<LossOptions>(m, "LossOptions")
      .def_readwrite("kind", &LossOptions::kind)
      .def_readwrite("from_logits", &LossOptions::from_logits)
      .def_readwrite("label_smoothing", &LossOptions::label_smoothing)
      .def_readwrite("delta", &LossOptions::delta);
  bind_options<MetricOptions>(m, "MetricOptions")
      .def_readwrite("kind", &MetricOptions::kind)
      .def_readwrite("threshold", &MetricOptions::threshold)
      .def_readwrite("k", &MetricOptions::k);
  bind_options<OptimizerOptions>(m, "OptimizerOptions")
      .def_readwrite("kind", &OptimizerOptions::kind)
      .def_readwrite("learning_rate", &OptimizerOptions::learning_rate)
      .def_readwrite("momentum", &OptimizerOptions::momentum)
      .def_readwrite("nesterov", &OptimizerOptions::nesterov)
      .def_readwrite("rho", &OptimizerOptions::rho)
      .def_readwrite("centered", &OptimizerOptions::centered)
      .def_readwrite("beta_1", &OptimizerOptions::beta_1)
      .def_readwrite("beta_2", &OptimizerOptions::beta_2)
      .def_readwrite("amsgrad", &OptimizerOptions::amsgrad)
      .def_readwrite("epsilon", &OptimizerOptions::epsilon)
      .def_readwrite("initial_accumulator_value", &OptimizerOptions::initial_accumulator_value)
      .def_readwrite("weight_decay", &OptimizerOptions::weight_decay)
      .def_readwrite("decay", &OptimizerOptions::decay)
      .def_readwrite("clipnorm", &OptimizerOptions::clipnorm)
      .def_readwrite("clipvalue", &OptimizerOptions::clipvalue)
      .def_readwrite("global_clipnorm", &OptimizerOptions::global_clipnorm);
}

}  // namespace echocell::bindings
