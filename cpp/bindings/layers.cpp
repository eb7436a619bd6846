// The options of all layers.
#include "bindings/bindings.hpp"
#include "bindings/options.hpp"
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

void require_units(Index units) {
  constexpr Index kMost = Index{1} << 31;
  if (units < 1 || units > kMost) {
    throw std::invalid_argument("units: expected 1 to 2^31, received " + std::to_string(units));
  }
}

/// softmax is a function of a row; a recurrent cell applies its activations number by number.
void require_elementwise(Activation activation) {
  if (activation == Activation::softmax) {
    throw std::invalid_argument("softmax is not available inside a recurrent layer");
  }
}

void require_layer(const std::shared_ptr<const LayerOptions>& layer) {
  if (!layer) throw std::invalid_argument("a wrapper needs a layer");
}

void check(const RecurrentSettings& s) {
  require_units(s.units);
  require_elementwise(s.activation);
}

/// MemoryBlocks as Python describes it: the numbers of units follow.
struct MemoryBlocksArguments : MemoryBlocksOptions {
  Index cells = 1;
  bool cell_bias = true;
};

void complete(MemoryBlocksArguments& o) {
  require_units(o.blocks);
  require_units(o.cells);
  if (o.shortcut && !o.return_sequences) {
    throw std::invalid_argument("shortcut=True needs return_sequences=True");
  }
  o.outputs = checked_product(o.blocks, o.cells);
  o.units = o.outputs + o.blocks * static_cast<Index>(o.gates.size());
  o.first_bias = o.cell_bias ? 0 : o.outputs;
}
void complete(LSTMOptions&) {}

/// Binds a layer whose output has an activation of its own, by default that of the cell.
template <class T>
auto bind_lstm(py::module_& m, const char* name) {
  return bind_options<T, LayerOptions>(m, name, [](T& o, const py::kwargs& given) {
    if (!given.contains("output_activation")) o.output_activation = o.activation;
    complete(o);
    check(o);
    require_elementwise(o.recurrent_activation);
    require_elementwise(o.output_activation);
  });
}

/// The fields that all recurrent layers have.
template <class T, class Class>
void add_recurrent_fields(Class& options) {
  options.def_readwrite("activation", &T::activation)
      .def_readwrite("use_bias", &T::use_bias)
      .def_readwrite("return_sequences", &T::return_sequences)
      .def_readwrite("stateful", &T::stateful)
      .def_readwrite("go_backwards", &T::go_backwards)
      .def_readwrite("dropout", &T::dropout)
      .def_readwrite("recurrent_dropout", &T::recurrent_dropout)
      .def_readwrite("zero_output_for_mask", &T::zero_output_for_mask);
}

/// The fields that LSTM and MemoryBlocks have in common.
template <class T, class Class>
void add_lstm_fields(Class& options) {
  add_recurrent_fields<T>(options);
  options.def_readwrite("recurrent_activation", &T::recurrent_activation)
      .def_readwrite("output_activation", &T::output_activation)
      .def_readwrite("gates", &T::gates)
      .def_readwrite("truncated", &T::truncated);
}

void bind_recurrent(py::module_& m) {
  auto lstm = bind_lstm<LSTMOptions>(m, "LSTMOptions");
  add_lstm_fields<LSTMOptions>(lstm);
  lstm.def_readwrite("units", &LSTMOptions::units)
      .def_readwrite("peephole", &LSTMOptions::peephole)
      .def_readwrite("coupled", &LSTMOptions::coupled);

  using Blocks = MemoryBlocksArguments;
  auto blocks = bind_lstm<Blocks>(m, "MemoryBlocksOptions");
  add_lstm_fields<Blocks>(blocks);
  blocks.def_readwrite("blocks", &Blocks::blocks)
      .def_readwrite("cells", &Blocks::cells)
      .def_readwrite("use_kernel", &Blocks::use_kernel)
      .def_readwrite("cell_bias", &Blocks::cell_bias)
      .def_readwrite("shortcut", &Blocks::shortcut);

  auto gru = bind_options<GRUOptions, LayerOptions>(m, "GRUOptions",
                                                    [](const GRUOptions& o, const py::kwargs&) {
                                                      check(o);
                                                      require_elementwise(o.recurrent_activation);
                                                    });
  add_recurrent_fields<GRUOptions>(gru);
  gru.def_readwrite("units", &GRUOptions::units)
      .def_readwrite("recurrent_activation", &GRUOptions::recurrent_activation)
      .def_readwrite("reset_after", &GRUOptions::reset_after);

  auto simple = bind_options<SimpleRNNOptions, LayerOptions>(
      m, "SimpleRNNOptions", [](const SimpleRNNOptions& o, const py::kwargs&) { check(o); });
  add_recurrent_fields<SimpleRNNOptions>(simple);
  simple.def_readwrite("units", &SimpleRNNOptions::units);
}

void bind_simple(py::module_& m) {
  bind_options<DenseOptions, LayerOptions>(
      m, "DenseOptions", [](const DenseOptions& o, const py::kwargs&) { require_units(o.units); })
      .def_readwrite("units", &DenseOptions::units)
      .def_readwrite("activation", &DenseOptions::activation)
      .def_readwrite("use_bias", &DenseOptions::use_bias);
  bind_options<ActivationOptions, LayerOptions>(m, "ActivationOptions")
      .def_readwrite("activation", &ActivationOptions::activation);
  bind_options<DropoutOptions, LayerOptions>(m, "DropoutOptions")
      .def_readwrite("rate", &DropoutOptions::rate);
  bind_options<EmbeddingOptions, LayerOptions>(m, "EmbeddingOptions")
      .def_readwrite("input_dim", &EmbeddingOptions::input_dim)
      .def_readwrite("output_dim", &EmbeddingOptions::output_dim)
      .def_readwrite("mask_zero", &EmbeddingOptions::mask_zero);
  bind_options<MaskingOptions, LayerOptions>(m, "MaskingOptions")
      .def_readwrite("mask_value", &MaskingOptions::mask_value);
  bind_options<FlattenOptions, LayerOptions>(m, "FlattenOptions")
      .def_readwrite("channels_first", &FlattenOptions::channels_first);
  bind_options<ReshapeOptions, LayerOptions>(m, "ReshapeOptions")
      .def_readwrite("target_shape", &ReshapeOptions::target_shape);
  bind_options<RepeatVectorOptions, LayerOptions>(m, "RepeatVectorOptions")
      .def_readwrite("n", &RepeatVectorOptions::n);
}

void bind_wrappers(py::module_& m) {
  bind_options<TimeDistributedOptions, LayerOptions>(
      m, "TimeDistributedOptions",
      [](const TimeDistributedOptions& o, const py::kwargs&) { require_layer(o.layer); })
      .def_readwrite("layer", &TimeDistributedOptions::layer);
  bind_options<BidirectionalOptions, LayerOptions>(
      m, "BidirectionalOptions",
      [](const BidirectionalOptions& o, const py::kwargs&) {
        require_layer(o.forward);
        require_layer(o.backward);
      })
      .def_readwrite("forward", &BidirectionalOptions::forward)
      .def_readwrite("backward", &BidirectionalOptions::backward)
      .def_readwrite("merge_mode", &BidirectionalOptions::merge_mode);
}

}  // namespace

void bind_layers(py::module_& m) {
  py::class_<LayerOptions, std::shared_ptr<LayerOptions>>(m, "LayerOptions");
  bind_recurrent(m);
  bind_simple(m);
  bind_wrappers(m);
}

}  // namespace echocell::bindings
