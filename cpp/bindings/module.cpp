// The table of contents of the core; python/echocell/_core/__init__.pyi says what each name does.
// The module is called after the instruction set it is built for.
#include "bindings/bindings.hpp"

PYBIND11_MODULE(ECHOCELL_MODULE, module) {
  module.doc() = "The compiled core of echocell.";
  echocell::bindings::bind_layers(module);          // LSTMOptions, DenseOptions, ...
  echocell::bindings::bind_training(module);        // LossOptions, MetricOptions, OptimizerOptions
  echocell::bindings::bind_network(module);         // NetworkFloat32, NetworkFloat64
  echocell::bindings::bind_machine(module);         // set_num_threads, build_info, ...
  echocell::bindings::bind_linear_algebra(module);  // orthonormal_columns
}
