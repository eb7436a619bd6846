// The options of all layers.
#include <pybind11/stl.h>

#include <map>

#include "bindings/bindings.hpp"
#include "layers/activation.hpp"
#include "layers/dense.hpp"
#include "layers/dropout.hpp"
#include "layers/embedding.hpp"
#include "layers/masking.hpp"
#include "layers/recurrent/gru.hpp"
#include "layers/recurrent/lstm.hpp"
#include "layers/recurrent/memory_blocks.hpp"
#include "layers/recurrent/simple_rnn.hpp"
#include "layers/repeat_vector.hpp"
#include "layers/reshape.hpp"
#include "layers/wrappers/bidirectional.hpp"
#include "layers/wrappers/time_distributed.hpp"

namespace echocell::bindings {
namespace {

namespace py = pybind11;
using namespace py::literals;

Activation activation(const std::string& name) {
  static const std::map<std::string, Activation> names{
      {"linear", Activation::linear},
      {"tanh", Activation::tanh},
      {"sigmoid", Activation::sigmoid},
      {"hard_sigmoid", Activation::hard_sigmoid},
      {"relu", Activation::relu},
      {"softsign", Activation::softsign},
      {"elu", Activation::elu},
      {"softplus", Activation::softplus},
      {"bipolar_sigmoid", Activation::bipolar_sigmoid},
      {"bipolar_sigmoid_2", Activation::bipolar_sigmoid_2},
      {"softmax", Activation::softmax},
  };
  const auto found = names.find(name);
  if (found == names.end()) throw std::invalid_argument("unknown activation '" + name + "'");
  return found->second;
}

/// softmax is a function of a row; a recurrent cell applies its activations number by number.
Activation cell_activation(const std::string& name) {
  const Activation f = activation(name);
  if (f == Activation::softmax) {
    throw std::invalid_argument("softmax is not available inside a recurrent layer");
  }
  return f;
}

void require_units(Index units) {
  constexpr Index kMost = Index{1} << 31;
  if (units < 1 || units > kMost) {
    throw std::invalid_argument("units: expected 1 to 2^31, received " + std::to_string(units));
  }
}

using Options = std::shared_ptr<LayerOptions>;

template <class T>
using Class = py::class_<T, LayerOptions, std::shared_ptr<T>>;

RecurrentSettings settings(Index units, const std::string& activation_name, bool use_bias,
                           bool return_sequences, bool stateful, bool go_backwards, double dropout,
                           double recurrent_dropout, bool zero_output) {
  require_units(units);
  RecurrentSettings s;
  s.units = units;
  s.activation = cell_activation(activation_name);
  s.use_bias = use_bias;
  s.return_sequences = return_sequences;
  s.stateful = stateful;
  s.go_backwards = go_backwards;
  s.dropout = dropout;
  s.recurrent_dropout = recurrent_dropout;
  s.zero_output_for_mask = zero_output;
  return s;
}

void bind_recurrent(py::module_& m) {
  Class<LSTMOptions>(m, "LSTMOptions")
      .def(py::init([](Index units, const std::string& f, const std::string& gate_f,
                       const std::string& output_f, bool use_bias, bool peephole,
                       const std::string& gates, bool coupled, bool truncated, bool sequences,
                       bool stateful, bool backwards, double dropout, double recurrent_dropout,
                       bool zero_output) {
             LSTMOptions o;
             static_cast<RecurrentSettings&>(o) =
                 settings(units, f, use_bias, sequences, stateful, backwards, dropout,
                          recurrent_dropout, zero_output);
             o.recurrent_activation = cell_activation(gate_f);
             o.output_activation = cell_activation(output_f.empty() ? f : output_f);
             o.truncated = truncated;
             o.peephole = peephole;
             o.gates = gates;
             o.coupled = coupled;
             return o;
           }),
           py::kw_only(), "units"_a, "activation"_a = "tanh", "recurrent_activation"_a = "sigmoid",
           "output_activation"_a = "", "use_bias"_a = true, "peephole"_a = false, "gates"_a = "ifo",
           "coupled"_a = false, "truncated"_a = false, "return_sequences"_a = false,
           "stateful"_a = false, "go_backwards"_a = false, "dropout"_a = 0.0,
           "recurrent_dropout"_a = 0.0, "zero_output_for_mask"_a = false);

  Class<GRUOptions>(m, "GRUOptions")
      .def(py::init([](Index units, const std::string& f, const std::string& gate_f, bool use_bias,
                       bool reset_after, bool sequences, bool stateful, bool backwards,
                       double dropout, double recurrent_dropout, bool zero_output) {
             GRUOptions o;
             static_cast<RecurrentSettings&>(o) =
                 settings(units, f, use_bias, sequences, stateful, backwards, dropout,
                          recurrent_dropout, zero_output);
             o.recurrent_activation = cell_activation(gate_f);
             o.reset_after = reset_after;
             return o;
           }),
           py::kw_only(), "units"_a, "activation"_a = "tanh", "recurrent_activation"_a = "sigmoid",
           "use_bias"_a = true, "reset_after"_a = true, "return_sequences"_a = false,
           "stateful"_a = false, "go_backwards"_a = false, "dropout"_a = 0.0,
           "recurrent_dropout"_a = 0.0, "zero_output_for_mask"_a = false);

  Class<SimpleRNNOptions>(m, "SimpleRNNOptions")
      .def(py::init([](Index units, const std::string& f, bool use_bias, bool sequences,
                       bool stateful, bool backwards, double dropout, double recurrent_dropout,
                       bool zero_output) {
             SimpleRNNOptions o;
             static_cast<RecurrentSettings&>(o) =
                 settings(units, f, use_bias, sequences, stateful, backwards, dropout,
                          recurrent_dropout, zero_output);
             return o;
           }),
           py::kw_only(), "units"_a, "activation"_a = "tanh", "use_bias"_a = true,
           "return_sequences"_a = false, "stateful"_a = false, "go_backwards"_a = false,
           "dropout"_a = 0.0, "recurrent_dropout"_a = 0.0, "zero_output_for_mask"_a = false);
}

void bind_memory_blocks(py::module_& m) {
  Class<MemoryBlocksOptions>(m, "MemoryBlocksOptions")
      .def(py::init([](Index blocks, Index cells, const std::string& f, const std::string& gate_f,
                       const std::string& output_f, const std::string& gates, bool use_kernel,
                       bool use_bias, bool cell_bias, bool shortcut, bool truncated, bool sequences,
                       bool stateful, bool backwards, double dropout, double recurrent_dropout,
                       bool zero_output) {
             require_units(blocks);
             require_units(cells);
             if (shortcut && !sequences) {
               throw std::invalid_argument("shortcut=True needs return_sequences=True");
             }
             const Index outputs = blocks * cells;
             const Index units = outputs + blocks * static_cast<Index>(gates.size());
             MemoryBlocksOptions o;
             static_cast<RecurrentSettings&>(o) =
                 settings(units, f, use_bias, sequences, stateful, backwards, dropout,
                          recurrent_dropout, zero_output);
             o.blocks = blocks;
             o.gates = gates;
             o.outputs = outputs;
             o.first_bias = cell_bias ? 0 : o.outputs;
             o.use_kernel = use_kernel;
             o.shortcut = shortcut;
             o.truncated = truncated;
             o.recurrent_activation = cell_activation(gate_f);
             o.output_activation = cell_activation(output_f.empty() ? f : output_f);
             return o;
           }),
           py::kw_only(), "blocks"_a, "cells"_a = 1, "activation"_a = "tanh",
           "recurrent_activation"_a = "sigmoid", "output_activation"_a = "", "gates"_a = "ifo",
           "use_kernel"_a = true, "use_bias"_a = true, "cell_bias"_a = true, "shortcut"_a = false,
           "truncated"_a = false, "return_sequences"_a = false, "stateful"_a = false,
           "go_backwards"_a = false, "dropout"_a = 0.0, "recurrent_dropout"_a = 0.0,
           "zero_output_for_mask"_a = false);
}

void bind_simple(py::module_& m) {
  Class<DenseOptions>(m, "DenseOptions")
      .def(py::init([](Index units, const std::string& f, bool use_bias) {
             require_units(units);
             DenseOptions o;
             o.units = units;
             o.activation = activation(f);
             o.use_bias = use_bias;
             return o;
           }),
           py::kw_only(), "units"_a, "activation"_a = "linear", "use_bias"_a = true);
  Class<ActivationOptions>(m, "ActivationOptions")
      .def(py::init([](const std::string& f) {
             ActivationOptions o;
             o.activation = activation(f);
             return o;
           }),
           py::kw_only(), "activation"_a);
  Class<DropoutOptions>(m, "DropoutOptions")
      .def(py::init([](double rate) {
             DropoutOptions o;
             o.rate = rate;
             return o;
           }),
           py::kw_only(), "rate"_a);
  Class<EmbeddingOptions>(m, "EmbeddingOptions")
      .def(py::init([](Index input_dim, Index output_dim, bool mask_zero) {
             EmbeddingOptions o;
             o.input_dim = input_dim;
             o.output_dim = output_dim;
             o.mask_zero = mask_zero;
             return o;
           }),
           py::kw_only(), "input_dim"_a, "output_dim"_a, "mask_zero"_a = false);
  Class<MaskingOptions>(m, "MaskingOptions")
      .def(py::init([](double mask_value) {
             MaskingOptions o;
             o.mask_value = mask_value;
             return o;
           }),
           py::kw_only(), "mask_value"_a = 0.0);
  Class<FlattenOptions>(m, "FlattenOptions")
      .def(py::init([](bool channels_first) {
             FlattenOptions o;
             o.channels_first = channels_first;
             return o;
           }),
           py::kw_only(), "channels_first"_a = false);
  Class<ReshapeOptions>(m, "ReshapeOptions")
      .def(py::init([](const Shape& target_shape) {
             ReshapeOptions o;
             o.target_shape = target_shape;
             return o;
           }),
           py::kw_only(), "target_shape"_a);
  Class<RepeatVectorOptions>(m, "RepeatVectorOptions")
      .def(py::init([](Index n) {
             RepeatVectorOptions o;
             o.n = n;
             return o;
           }),
           py::kw_only(), "n"_a);
}

void bind_wrappers(py::module_& m) {
  Class<TimeDistributedOptions>(m, "TimeDistributedOptions")
      .def(py::init([](const Options& layer) {
             TimeDistributedOptions o;
             o.layer = layer;
             return o;
           }),
           py::kw_only(), "layer"_a);
  Class<BidirectionalOptions>(m, "BidirectionalOptions")
      .def(py::init([](const Options& forward, const Options& backward, const std::string& mode) {
             BidirectionalOptions o;
             o.forward = forward;
             o.backward = backward;
             o.merge_mode = merge_mode(mode);
             return o;
           }),
           py::kw_only(), "forward"_a, "backward"_a, "merge_mode"_a = "concat");
}

}  // namespace

void bind_layers(py::module_& m) {
  py::class_<LayerOptions, Options>(m, "LayerOptions");
  bind_recurrent(m);
  bind_memory_blocks(m);
  bind_simple(m);
  bind_wrappers(m);
}

}  // namespace echocell::bindings
