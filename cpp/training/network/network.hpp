// The structure of a model: layers, the graph of tensors between them, and the arena with all
// parameters. Today the graph is a chain; nodes name their tensors so that it need not stay one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "layers/layer_options.hpp"
#include "numerics/activations.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// Where in the network a layer stands: it reads tensors and writes one.
struct Node {
  Index layer = 0;  // index into Network::layers()
  std::vector<Index> inputs;
  Index output = 0;
};

/// A run of parameters of one layer inside the arena, with what training may do to it.
struct ParameterBlock {
  Index offset = 0;
  Index size = 0;
  bool trainable = true;
  double l1 = 0, l2 = 0;  // penalty l1 * sum |w| + l2 * sum w^2, part of the loss
};

/// Scalar is float or double. The numbering of layers is the caller's; that a last softmax is a
/// node of its own inside (so that the loss can work on logits) does not show.
template <class Scalar>
class Network {
 public:
  /// input: the shape of one sample, at least one axis, open axes allowed. Throws
  /// std::invalid_argument.
  Network(const std::vector<std::shared_ptr<const LayerOptions>>& options, Shape input);

  // ---- structure
  /// Names all layers, for error messages; until then layer k is "layer k".
  void name_layers(std::vector<std::string> names) { names_ = std::move(names); }
  const std::string& layer_name(Index layer) const { return names_[std::size_t(layer)]; }
  Index layer_count() const { return static_cast<Index>(node_of_layer_.size()); }
  const Shape& input_shape() const { return shapes_.front(); }
  const Shape& output_shape() const { return shapes_.back(); }
  /// The shape of one sample behind layer k.
  const Shape& output_shape(Index layer) const;
  const std::vector<Node>& nodes() const { return nodes_; }
  const Layer<Scalar>& layer(const Node& node) const { return *layers_[std::size_t(node.layer)]; }
  /// The first node of layer k: the one with its parameters and states.
  Index node_of_layer(Index layer) const;
  /// The node behind the last one of layer k.
  Index node_behind_layer(Index layer) const;
  /// The shapes of the tensors first .. last, where tensor `first` has this shape, without open
  /// axes. last = -1: up to the output. The entries of other tensors stay empty.
  std::vector<Shape> tensor_shapes(const Shape& shape, Index first = 0, Index last = -1) const;
  /// If the last node is an activation: which.
  std::optional<Activation> output_activation() const { return output_activation_; }
  bool stateful() const { return stateful_; }
  /// Whether the first axis of tensor k is the time axis of the input, step by step.
  bool timed(Index tensor) const { return timed_[std::size_t(tensor)]; }
  /// Whether samples have time steps: at least two axes, or ids, which have one.
  bool timed_input() const { return timed_.front(); }
  /// Whether there is an output at every time step of the input.
  bool timed_output() const { return timed_.back(); }
  /// The first layer that takes no sequences of different lengths, for it would take their padding
  /// for steps.
  std::optional<Index> layer_misled_by_padding() const;
  /// The last layer that masks steps.
  std::optional<Index> last_masking_layer() const;
  /// The first layer whose output shows whether the last step is masked.
  std::optional<Index> layer_showing_masked_end() const;
  /// The value that masks steps of the input, where the first layer masks and no other does.
  std::optional<Scalar> input_mask_value() const;
  /// About how many multiplications one time step of one sample is, forward.
  Index work_per_step() const;
  /// Can it run one part of a sequence after the other? Otherwise the reason why not.
  std::optional<std::string> why_not_divisible() const;

  // ---- parameters: values of all layers in one block, each parameter at offset + its own offset
  Span<const Scalar> values() const { return values_.span(); }
  Span<Scalar> values() { return values_.span(); }
  Index parameter_count() const { return values_.size(); }
  /// Where the block of this node's layer begins.
  Index offset(const Node& node) const { return offsets_[std::size_t(node.layer)]; }
  const std::vector<Parameter>& parameters(Index layer) const;
  /// The parameter as Keras has it, row-major in its shape, from any array as long as the arena
  /// (the values, a gradient, a slot of the optimizer).
  void read(Index layer, Index index, Span<const Scalar> arena, Span<Scalar> array) const;
  void write(Index layer, Index index, Span<const Scalar> array, Span<Scalar> arena) const;
  std::vector<ParameterBlock>& blocks() { return blocks_; }
  const std::vector<ParameterBlock>& blocks() const { return blocks_; }
  /// The block of parameter `index` of layer k.
  ParameterBlock& block(Index layer, Index index) {
    return blocks_[std::size_t(block_index(layer, index))];
  }

 private:
  void add_node(const LayerOptions& options, std::optional<Activation> activation);
  void lay_out_parameters();
  Index block_index(Index layer, Index index) const;
  template <class Has>
  std::optional<Index> first_layer(const Has& has) const;

  std::vector<std::unique_ptr<Layer<Scalar>>> layers_;
  std::vector<Node> nodes_;
  std::vector<Shape> shapes_;  // of tensor k; tensor 0 is the input, the last the output
  std::vector<bool> timed_;    // see timed()
  std::vector<Index> node_of_layer_;
  std::vector<std::string> names_;  // of layer k, for error messages
  std::vector<Index> offsets_;
  std::vector<ParameterBlock> blocks_;
  std::vector<Index> first_block_;  // of each of layers_
  std::optional<Activation> output_activation_;
  bool stateful_ = false;
  Buffer<Scalar> values_;
};

}  // namespace echocell
