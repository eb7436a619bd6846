// echocell._core.Network: a Model of either scalar type behind one Python class.
#include <map>
#include <variant>

#include "bindings/bindings.hpp"
#include "bindings/network_of.hpp"

namespace echocell::bindings {
namespace {

using namespace py::literals;

std::unique_ptr<NetworkBase> make_network(const LayerList& layers, const Shape& input_shape,
                                          const std::string& dtype, std::uint64_t seed) {
  if (layers.empty()) throw std::invalid_argument("a network needs at least one layer");
  if (dtype == "float32") return std::make_unique<NetworkOf<float>>(layers, input_shape, seed);
  if (dtype == "float64") return std::make_unique<NetworkOf<double>>(layers, input_shape, seed);
  throw std::invalid_argument("expected dtype 'float32' or 'float64', received '" + dtype + "'");
}

/// What a layer holds and puts out for such a sample: its parameters, and the shape of an output
/// sample. No memory is taken for the parameters, whatever their size.
py::tuple layer_shapes(const LayerOptions& options, const Shape& input) {
  const auto layer = make_layer<float>(options);
  layer->build(input);
  return py::make_tuple(to_list(layer->parameters()), to_tuple(layer->output_shape(input)));
}

/// Hooks by name.
using Listeners = std::map<std::string, py::function>;

Hooks hooks_of(const Listeners& listeners) {
  static const std::map<std::string, Hooks::Hook Hooks::*> places{
      {"epoch_begin", &Hooks::epoch_begin},
      {"epoch_end", &Hooks::epoch_end},
      {"batch_begin", &Hooks::batch_begin},
      {"batch_end", &Hooks::batch_end},
      {"test_begin", &Hooks::test_begin},
      {"test_end", &Hooks::test_end},
      {"test_batch_begin", &Hooks::test_batch_begin},
      {"test_batch_end", &Hooks::test_batch_end},
      {"predict_batch_begin", &Hooks::predict_batch_begin},
      {"predict_batch_end", &Hooks::predict_batch_end},
      {"progress", &Hooks::progress},
  };
  Hooks hooks;
  for (const auto& [name, function] : listeners) {
    const auto place = places.find(name);
    if (place == places.end()) throw std::invalid_argument("there is no hook '" + name + "'");
    hooks.*place->second = function;
  }
  return hooks;
}

/// True or False, or "batch".
Shuffle shuffle_of(const std::variant<bool, std::string>& given) {
  if (const bool* samples = std::get_if<bool>(&given)) {
    return *samples ? Shuffle::samples : Shuffle::none;
  }
  const std::string& word = std::get<std::string>(given);
  if (word == "batch") return Shuffle::batches;
  throw std::invalid_argument("shuffle: expected True, False or 'batch', received '" + word + "'");
}

std::vector<std::vector<double>> fit(
    NetworkBase& network, const py::array& x, const py::array& y, const OptionalArray& weight,
    const OptionalArray& lengths, Index batch_size, Index epochs, Index initial_epoch,
    const std::variant<bool, std::string>& shuffle,
    const std::optional<std::tuple<py::array, py::array, OptionalArray>>& validation,
    const OptionalArray& validation_lengths, Index validation_batch_size,
    const ValidationFrequency& validation_freq, Index bptt_steps, const Listeners& hooks) {
  FitOptions options{batch_size,
                     epochs,
                     initial_epoch,
                     shuffle_of(shuffle),
                     validation_batch_size > 0 ? validation_batch_size : batch_size,
                     validation_freq,
                     bptt_steps};
  std::optional<Source> held_out;
  if (validation) {
    const auto& [x_held, y_held, weight_held] = *validation;
    held_out = Source{x_held, y_held, weight_held, validation_lengths};
  }
  return network.fit({x, y, weight, lengths}, options, held_out, hooks_of(hooks));
}

std::vector<double> train_on_batch(NetworkBase& network, const py::array& x, const py::array& y,
                                   const OptionalArray& weight, const OptionalArray& lengths,
                                   Index bptt_steps) {
  return network.train_on_batch({x, y, weight, lengths}, bptt_steps);
}

std::vector<double> evaluate(NetworkBase& network, const py::array& x, const py::array& y,
                             const OptionalArray& weight, const OptionalArray& lengths,
                             Index batch_size, const Listeners& hooks) {
  return network.evaluate({x, y, weight, lengths}, batch_size, hooks_of(hooks));
}

py::array predict(NetworkBase& network, const py::array& x, const OptionalArray& lengths,
                  Index batch_size, const Listeners& hooks) {
  return network.predict(x, lengths, batch_size, hooks_of(hooks));
}

void release_workspaces() {
  for (NetworkBase* network : NetworkBase::live()) network->release_workspaces();
}

py::tuple gradients(NetworkBase& network, const py::array& x, const py::array& y,
                    const OptionalArray& weight, bool training) {
  return network.gradients({x, y, weight, {}}, training);
}

}  // namespace

void bind_network(py::module_& m) {
  py::class_<NetworkBase> network(m, "Network");
  network
      .def(py::init(&make_network), "layers"_a, "input_shape"_a, "dtype"_a = "float32",
           "seed"_a = 0)
      .def_property_readonly("dtype", &NetworkBase::dtype)
      .def("output_shape", &NetworkBase::output_shape, "layer"_a)
      .def("output_shape_for", &NetworkBase::output_shape_for, "sample"_a)
      .def_property_readonly("timed_input", &NetworkBase::timed_input)
      .def_property_readonly("timed_output", &NetworkBase::timed_output)
      .def_property_readonly("layer_misled_by_padding", &NetworkBase::layer_misled_by_padding)
      .def("state_widths", &NetworkBase::state_widths, "layer"_a)
      .def("parameters", &NetworkBase::parameters, "layer"_a)
      .def("get_parameter", &NetworkBase::get_parameter, "layer"_a, "index"_a)
      .def("set_parameter", &NetworkBase::set_parameter, "layer"_a, "index"_a, "value"_a)
      .def("set_regularizer", &NetworkBase::set_regularizer, "layer"_a, "index"_a, "l1"_a, "l2"_a)
      .def("set_trainable", &NetworkBase::set_trainable, "layer"_a, "trainable"_a)
      .def("compile", &NetworkBase::compile, "loss"_a, "metrics"_a, "optimizer"_a)
      .def("uncompile", &NetworkBase::uncompile)
      .def_property("learning_rate", &NetworkBase::learning_rate, &NetworkBase::set_learning_rate)
      .def_property("iterations", &NetworkBase::iterations, &NetworkBase::set_iterations)
      .def("slot_names", &NetworkBase::slot_names)
      .def("slots", &NetworkBase::slots)
      .def("set_slots", &NetworkBase::set_slots, "slots"_a)
      .def_property("random_state", &NetworkBase::random_state, &NetworkBase::set_random_state)
      .def_property("layer_draws", &NetworkBase::layer_draws, &NetworkBase::set_layer_draws)
      .def("fit", &fit, "x"_a, "y"_a, "sample_weight"_a.none(true), py::kw_only(),
           "lengths"_a = py::none(), "batch_size"_a, "epochs"_a, "initial_epoch"_a = 0,
           "shuffle"_a = true, "validation"_a = py::none(), "validation_lengths"_a = py::none(),
           "validation_batch_size"_a = 0, "validation_freq"_a = 1, "bptt_steps"_a = 0,
           "hooks"_a = py::dict())
      .def("train_on_batch", &train_on_batch, "x"_a, "y"_a, "sample_weight"_a.none(true),
           py::kw_only(), "lengths"_a = py::none(), "bptt_steps"_a = 0)
      .def("evaluate", &evaluate, "x"_a, "y"_a, "sample_weight"_a.none(true), py::kw_only(),
           "lengths"_a = py::none(), "batch_size"_a, "hooks"_a = py::dict())
      .def("predict", &predict, "x"_a, py::kw_only(), "lengths"_a = py::none(), "batch_size"_a,
           "hooks"_a = py::dict())
      .def_property_readonly("state_batch", &NetworkBase::state_batch)
      .def("step", &NetworkBase::step, "x"_a)
      .def("reset_states", &NetworkBase::reset_states, "layer"_a = -1, "rows"_a = py::none())
      .def("get_states", &NetworkBase::get_states, "layer"_a)
      .def("set_states", &NetworkBase::set_states, "layer"_a, "states"_a)
      .def("run_layer", &NetworkBase::run_layer, "layer"_a, "x"_a, "mask"_a = py::none(),
           "initial_state"_a = py::none(), "training"_a = false)
      .def("trace_layer", &NetworkBase::trace_layer, "layer"_a, "x"_a, "mask"_a = py::none(),
           "initial_state"_a = py::none(), "from_input"_a = false)
      .def("gradients", &gradients, "x"_a, "y"_a, "sample_weight"_a = py::none(),
           "training"_a = false)
      .def_property_readonly("workspace_bytes", &NetworkBase::workspace_bytes)
      .def("require_open", &NetworkBase::require_open);
  bind_small_calls(network);
  m.def("layer_shapes", &layer_shapes, "layer"_a, "input_shape"_a);
  m.def("release_workspaces", &release_workspaces);
}

}  // namespace echocell::bindings
