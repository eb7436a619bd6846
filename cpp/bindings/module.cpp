// The table of contents of echocell._core; python/echocell/_core.pyi says what each name does.
#include "bindings/bindings.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled core of echocell.";
  echocell::bindings::bind_layers(module);    // LSTMOptions, DenseOptions, ...
  echocell::bindings::bind_training(module);  // LossOptions, MetricOptions, OptimizerOptions
  echocell::bindings::bind_network(module);   // Network
  echocell::bindings::bind_machine(module);   // set_num_threads, build_info, ...
}
