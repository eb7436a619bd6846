// The networks of both scalar types.
#include "bindings/network.hpp"

#include "bindings/bindings.hpp"
#include "bindings/quick_calls.hpp"

namespace echocell::bindings {
namespace {

using namespace py::literals;

/// The parameters of a layer for such a sample, and the shape of its output sample. No memory is
/// taken for the parameters, whatever their size.
py::tuple layer_shapes(const LayerOptions& options, const Shape& input) {
  const auto layer = make_layer<float>(options);
  layer->build(input);
  return py::make_tuple(to_list(layer->parameters()), to_tuple(layer->output_shape(input)));
}

template <class Scalar>
void register_network(py::module_& m, const char* name) {
  using Net = PythonNetwork<Scalar>;
  py::class_<Net> network(m, name);
  network
      .def(py::init([](const LayerList& layers, const Shape& input, std::uint64_t seed) {
             if (layers.empty()) refuse("at least one layer", "none");
             return std::make_unique<Net>(layers, input, seed);
           }),
           "layers"_a, "input_shape"_a, "seed"_a = 0)
      .def_property_readonly("dtype", &Net::dtype)
      .def("output_shape", &Net::output_shape, "layer"_a)
      .def("output_shape_for", &Net::output_shape_for, "sample"_a)
      .def_property_readonly("timed_input", &Net::timed_input)
      .def_property_readonly("timed_output", &Net::timed_output)
      .def_property_readonly("layer_misled_by_padding", &Net::layer_misled_by_padding)
      .def("name_layers", &Net::name_layers, "names"_a)
      .def("state_widths", &Net::state_widths, "layer"_a)
      .def("parameters", &Net::parameters, "layer"_a)
      .def("get_parameter", &Net::get_parameter, "layer"_a, "index"_a)
      .def("set_parameter", &Net::set_parameter, "layer"_a, "index"_a, "value"_a)
      .def("set_regularizer", &Net::set_regularizer, "layer"_a, "index"_a, "l1"_a, "l2"_a)
      .def("set_trainable", &Net::set_trainable, "layer"_a, "trainable"_a)
      .def("compile", &Net::compile, "loss"_a, "metrics"_a, "optimizer"_a, "keep_slots"_a = true)
      .def("uncompile", &Net::uncompile)
      .def_property("learning_rate", &Net::learning_rate, &Net::set_learning_rate)
      .def_property("iterations", &Net::iterations, &Net::set_iterations)
      .def("slot_names", &Net::slot_names)
      .def("slots", &Net::slots)
      .def("set_slots", &Net::set_slots, "slots"_a)
      .def_property("random_state", &Net::random_state, &Net::set_random_state)
      .def_property("layer_draws", &Net::layer_draws, &Net::set_layer_draws)
      .def("fit", &Net::fit, "x"_a, "y"_a, "sample_weight"_a.none(true), "batch_size"_a, "epochs"_a,
           "shuffle"_a = true, py::kw_only(), "lengths"_a = py::none(), "initial_epoch"_a = 0,
           "validation"_a = py::none(), "validation_batch_size"_a = 32, "validation_freq"_a = 1,
           "bptt_steps"_a = 0, "hooks"_a = py::dict())
      .def("train_on_batch", &Net::train_on_batch, "x"_a, "y"_a, "sample_weight"_a.none(true),
           py::kw_only(), "lengths"_a = py::none(), "bptt_steps"_a = 0)
      .def("evaluate", &Net::evaluate, "x"_a, "y"_a, "sample_weight"_a.none(true), py::kw_only(),
           "lengths"_a = py::none(), "batch_size"_a, "hooks"_a = py::dict())
      .def("predict", &Net::predict, "x"_a, py::kw_only(), "lengths"_a = py::none(), "batch_size"_a,
           "hooks"_a = py::dict())
      .def_property_readonly("state_batch", &Net::state_batch)
      .def("step", &Net::step, "x"_a)
      .def("reset_states", &Net::reset_states, "layer"_a = -1, "rows"_a = py::none())
      .def("get_states", &Net::get_states, "layer"_a)
      .def("set_states", &Net::set_states, "layer"_a, "states"_a)
      .def("run_layer", &Net::run_layer, "layer"_a, "x"_a, "mask"_a = py::none(),
           "initial_state"_a = py::none(), "training"_a = false)
      .def("trace_layer", &Net::trace_layer, "layer"_a, "x"_a, "mask"_a = py::none(),
           "initial_state"_a = py::none(), "from_input"_a = false)
      .def("gradients", &Net::gradients, "x"_a, "y"_a, "sample_weight"_a = py::none(),
           "training"_a = false)
      .def_property_readonly("workspace_bytes", &Net::workspace_bytes)
      .def("require_open", &Net::require_open);
  add_quick_calls<Scalar>(network);
}

void release_workspaces() {
  for (auto* network : PythonNetwork<float>::live()) network->release_workspaces();
  for (auto* network : PythonNetwork<double>::live()) network->release_workspaces();
}

}  // namespace

void bind_network(py::module_& m) {
  register_network<float>(m, "NetworkFloat32");
  register_network<double>(m, "NetworkFloat64");
  m.def("layer_shapes", &layer_shapes, "layer"_a, "input_shape"_a);
  m.def("release_workspaces", &release_workspaces);
}

}  // namespace echocell::bindings
