#include "training/network/network.hpp"

#include <string>

#include "layers/activation.hpp"
#include "layers/dense.hpp"
#include "layers/wrappers/time_distributed.hpp"

namespace echocell {
namespace {

/// Dense and Activation act on the last axis of any sample: TimeDistributed adds nothing to them.
const LayerOptions& without_time_distributed(const LayerOptions& options) {
  const auto* wrapper = dynamic_cast<const TimeDistributedOptions*>(&options);
  if (wrapper == nullptr) return options;
  const LayerOptions& inner = *wrapper->layer;
  const bool pointwise = dynamic_cast<const DenseOptions*>(&inner) != nullptr ||
                         dynamic_cast<const ActivationOptions*>(&inner) != nullptr;
  return pointwise ? inner : options;
}

/// Every layer, and the storage of tensors, needs an axis to work along.
void require_axes(const Shape& input) {
  if (!input.empty()) return;
  throw std::invalid_argument(
      "expected samples of at least one axis, received samples of shape (), single numbers; give "
      "them an axis of one number: Input((1,)), and x of shape (samples, 1)");
}

bool has_logits(Activation activation) {
  return activation == Activation::softmax || activation == Activation::sigmoid;
}

}  // namespace

template <class Scalar>
Network<Scalar>::Network(const std::vector<std::shared_ptr<const LayerOptions>>& options,
                         Shape input) {
  require_axes(input);
  shapes_.push_back(std::move(input));
  timed_.push_back(true);
  for (std::size_t k = 0; k < options.size(); ++k) {
    const LayerOptions& layer = without_time_distributed(*options[k]);
    const bool last = k + 1 == options.size();
    names_.push_back("layer " + std::to_string(k));
    node_of_layer_.push_back(static_cast<Index>(nodes_.size()));
    const auto* dense = dynamic_cast<const DenseOptions*>(&layer);
    const auto* activation = dynamic_cast<const ActivationOptions*>(&layer);
    if (last && dense != nullptr && has_logits(dense->activation)) {
      DenseOptions logits = *dense;
      logits.activation = Activation::linear;
      add_node(logits, std::nullopt);
      ActivationOptions activation_of_logits;
      activation_of_logits.activation = dense->activation;
      add_node(activation_of_logits, dense->activation);
    } else {
      add_node(layer, activation ? std::optional(activation->activation) : std::nullopt);
    }
  }
  // Of one axis are vectors, or ids: these become vectors at every step.
  timed_.front() = shapes_.front().size() >= 2 || timed_[1];
  lay_out_parameters();
}

template <class Scalar>
void Network<Scalar>::add_node(const LayerOptions& options, std::optional<Activation> activation) {
  auto layer = make_layer<Scalar>(options);
  const Index index = static_cast<Index>(nodes_.size());
  layer->build(shapes_.back());
  Shape output = layer->output_shape(shapes_.back());
  timed_.push_back(timed_.back() && layer->time_flow() == TimeFlow::keep && output.size() >= 2);
  shapes_.push_back(std::move(output));
  layers_.push_back(std::move(layer));
  nodes_.push_back({index, {index}, index + 1});
  output_activation_ = activation;
}

template <class Scalar>
void Network<Scalar>::lay_out_parameters() {
  Index total = 0;
  for (const auto& layer : layers_) {
    stateful_ = stateful_ || layer->stateful();
    offsets_.push_back(total);
    first_block_.push_back(static_cast<Index>(blocks_.size()));
    for (const Parameter& p : layer->parameters()) {
      blocks_.push_back({total + p.offset, p.packed_size(), true, 0, 0});
    }
    total = aligned_count<Scalar>(total + layer->parameter_count());
  }
  values_ = Buffer<Scalar>(total, MemoryLane::values);
}

template <class Scalar>
Index Network<Scalar>::node_of_layer(Index layer) const {
  if (layer < 0 || layer >= layer_count()) {
    throw std::invalid_argument("expected a layer of 0 to " + std::to_string(layer_count() - 1) +
                                ", received " + std::to_string(layer));
  }
  return node_of_layer_[std::size_t(layer)];
}

template <class Scalar>
Index Network<Scalar>::node_behind_layer(Index layer) const {
  (void)node_of_layer(layer);
  const bool last = layer + 1 == layer_count();
  return last ? static_cast<Index>(nodes_.size()) : node_of_layer(layer + 1);
}

template <class Scalar>
const Shape& Network<Scalar>::output_shape(Index layer) const {
  return shapes_[std::size_t(node_behind_layer(layer))];
}

template <class Scalar>
std::vector<Shape> Network<Scalar>::tensor_shapes(const Shape& shape, Index first,
                                                  Index last) const {
  std::vector<Shape> shapes(shapes_.size());
  shapes[std::size_t(first)] = shape;
  const Index end = last < 0 ? static_cast<Index>(nodes_.size()) : last;
  for (Index n = first; n < end; ++n) {
    const Node& node = nodes_[std::size_t(n)];
    shapes[std::size_t(node.output)] =
        layer(node).output_shape(shapes[std::size_t(node.inputs[0])]);
  }
  return shapes;
}

/// The first layer with this property: has(its first node, the layer).
template <class Scalar>
template <class Has>
std::optional<Index> Network<Scalar>::first_layer(const Has& has) const {
  for (Index k = 0; k < layer_count(); ++k) {
    const Node& node = nodes_[std::size_t(node_of_layer(k))];
    if (has(node, layer(node))) return k;
  }
  return std::nullopt;
}

template <class Scalar>
std::optional<Index> Network<Scalar>::layer_misled_by_padding() const {
  return first_layer([this](const Node& node, const Layer<Scalar>& layer) {
    return timed(node.inputs[0]) && layer.time_flow() == TimeFlow::mix;
  });
}

template <class Scalar>
std::optional<Index> Network<Scalar>::layer_showing_masked_end() const {
  return first_layer(
      [](const Node&, const Layer<Scalar>& layer) { return layer.shows_masked_end(); });
}

template <class Scalar>
std::optional<Index> Network<Scalar>::last_masking_layer() const {
  for (Index k = layer_count() - 1; k >= 0; --k) {
    if (layer(nodes_[std::size_t(node_of_layer(k))]).mask_flow() == MaskFlow::create) return k;
  }
  return std::nullopt;
}

template <class Scalar>
std::optional<Scalar> Network<Scalar>::input_mask_value() const {
  const bool alone = last_masking_layer() == std::optional<Index>(0) && timed(1);
  return alone ? layer(nodes_.front()).mask_value() : std::nullopt;
}

template <class Scalar>
Index Network<Scalar>::work_per_step() const {
  constexpr Index kPerNode = 1000;  // what a layer does besides multiplying counts as so many
  return parameter_count() + kPerNode * static_cast<Index>(nodes_.size());
}

template <class Scalar>
std::optional<std::string> Network<Scalar>::why_not_divisible() const {
  const auto layer =
      first_layer([](const Node&, const Layer<Scalar>& any) { return !any.streamable(); });
  if (layer) return layer_name(*layer) + " needs the whole sequence at once";
  if (!timed_input()) return "its input has no time steps";
  return std::nullopt;
}

template <class Scalar>
const std::vector<Parameter>& Network<Scalar>::parameters(Index layer) const {
  return this->layer(nodes_[std::size_t(node_of_layer(layer))]).parameters();
}

template <class Scalar>
Index Network<Scalar>::block_index(Index layer, Index index) const {
  const auto count = static_cast<Index>(parameters(layer).size());
  if (index < 0 || index >= count) {
    throw std::invalid_argument("expected a parameter of 0 to " + std::to_string(count - 1) +
                                ", received " + std::to_string(index));
  }
  const Node& node = nodes_[std::size_t(node_of_layer(layer))];
  return first_block_[std::size_t(node.layer)] + index;
}

template <class Scalar>
void Network<Scalar>::read(Index layer, Index index, Span<const Scalar> arena,
                           Span<Scalar> array) const {
  const Index offset = blocks_[std::size_t(block_index(layer, index))].offset;
  parameters(layer)[std::size_t(index)].unpack(arena.data + offset, array.data);
}

template <class Scalar>
void Network<Scalar>::write(Index layer, Index index, Span<const Scalar> array,
                            Span<Scalar> arena) const {
  const Index offset = blocks_[std::size_t(block_index(layer, index))].offset;
  parameters(layer)[std::size_t(index)].pack(array.data, arena.data + offset);
}

template class Network<float>;
template class Network<double>;

}  // namespace echocell
