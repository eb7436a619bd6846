#include "training/network/batch.hpp"

#include <algorithm>
#include <utility>

#include "numerics/parallel.hpp"

namespace echocell {
namespace {

// A slice has about so many rows. Much fewer make its products thin.
constexpr Index kRowsPerSlice = 16, kFewestRows = 10;
// More slices than this cost more in gradients to sum than they bring in balance.
constexpr Index kMostSlices = 8;
// Multiplications below which one thread is faster than waking another.
constexpr double kParallelWork = 4e6;

/// A mask that a layer made of values knows nothing of lengths.
template <class Scalar>
void restrict_to_lengths(const Slice<Scalar>& slice, const Mask& made) {
  for (Index j = 0; j < made.steps * made.batch; ++j) {
    made.data[j] &= slice.lengths.data[j];
    if (slice.lengths.data[j] == 0 && made.inner) {
      std::fill_n(made.inner + j * made.parts, made.parts, std::uint8_t(0));
    }
  }
}

/// Into how many slices a batch of so many rows is cut.
Index slice_count(Index rows) {
  // 20 rows are two slices of the fewest, rather than one that a second thread cannot help with.
  const Index count = (rows + 2 * (kRowsPerSlice - kFewestRows)) / kRowsPerSlice;
  return std::clamp<Index>(count, 1, kMostSlices);
}

}  // namespace

template <class Scalar>
Batch<Scalar>::Batch(const Network<Scalar>& network, BatchKey key)
    : network_(network), key_(std::move(key)) {
  const std::vector<Shape> shapes = network.tensor_shapes(key_.input, key_.first, key_.last);
  const Index count = slice_count(key_.rows);
  slices_ = std::vector<Slice<Scalar>>(static_cast<std::size_t>(count));
  for (Index k = 0; k < count; ++k) {
    Slice<Scalar>& slice = slices_[std::size_t(k)];
    slice.first = key_.first;
    slice.last = key_.last < 0 ? static_cast<Index>(network.nodes().size()) : key_.last;
    slice.first_row = key_.rows * k / count;
    slice.rows = key_.rows * (k + 1) / count - slice.first_row;
    plan_tensors(slice, shapes);
    for (Index n = slice.first; n < slice.last; ++n) plan_node(slice, n, shapes);
  }
  const Index steps = key_.input.size() >= 2 ? key_.input[0] : 1;
  parallel_ =
      static_cast<double>(network.parameter_count()) * static_cast<double>(key_.rows * steps) >
      kParallelWork;
}

template <class Scalar>
void Batch<Scalar>::plan_tensors(Slice<Scalar>& slice, const std::vector<Shape>& shapes) {
  Workspace& w = slice.workspace;
  slice.tensors.resize(shapes.size());
  slice.gradients.resize(shapes.size());
  slice.masks.resize(shapes.size());
  slice.caches.resize(network_.nodes().size());
  slice.passes.resize(network_.nodes().size());
  const Index learner = first_learner(slice);
  for (Index k = slice.first; k <= slice.last; ++k) {
    const Shape& shape = shapes[std::size_t(k)];
    Tensor<Scalar> tensor =
        view<Scalar>(w.take<Scalar>(volume(shape) * slice.rows), shape, slice.rows);
    slice.tensors[std::size_t(k)] = tensor;
    const bool wanted = key_.training && (k > learner || key_.input_gradient);
    tensor.data = wanted ? w.take<Scalar>(tensor.size()) : nullptr;
    slice.gradients[std::size_t(k)] = tensor;
  }
  if (key_.training) {
    const Index count = network_.parameter_count();
    slice.parameter_gradients = {w.take<Scalar>(count, MemoryLane::gradients), count};
  }
  if (key_.input_mask) slice.masks[std::size_t(slice.first)] = new_mask(slice, slice.first, {});
  if (!key_.lengths) return;
  // The ids of an Embedding, one axis, are stored as one step: their mask is that of its output.
  const Index steps = key_.input[0];
  slice.lengths = {w.take<std::uint8_t>(steps * slice.rows), steps, slice.rows};
  if (slice.input().steps == steps) slice.masks[std::size_t(slice.first)] = slice.lengths;
}

/// The first node with parameters: the gradient of its input is not wanted. The first of all
/// nodes where none has any.
template <class Scalar>
Index Batch<Scalar>::first_learner(const Slice<Scalar>& slice) const {
  for (Index k = slice.first; k < slice.last; ++k) {
    if (!network_.layer(network_.nodes()[std::size_t(k)]).parameters().empty()) return k;
  }
  return slice.first;
}

template <class Scalar>
void Batch<Scalar>::plan_mask(Slice<Scalar>& slice, const Node& node, const Shape& output) {
  const auto in = std::size_t(node.inputs[0]), out = std::size_t(node.output);
  switch (network_.layer(node).mask_flow()) {
    case MaskFlow::pass:
      slice.masks[out] = slice.masks[in];
      break;
    case MaskFlow::create:
      slice.masks[out] = new_mask(slice, node.output, output);
      break;
    case MaskFlow::derive:
      if (slice.masks[in]) slice.masks[out] = new_mask(slice, node.output, output);
      break;
    case MaskFlow::drop:
      if (network_.timed(node.output)) slice.masks[out] = slice.lengths;
      break;
  }
}

template <class Scalar>
Mask Batch<Scalar>::new_mask(Slice<Scalar>& slice, Index tensor, const Shape& shape) {
  const Tensor<Scalar>& t = slice.tensors[std::size_t(tensor)];
  Mask mask{slice.workspace.template take<std::uint8_t>(t.rows()), t.steps, t.batch};
  if (shape.size() < 3) return mask;
  mask.parts = t.width / shape.back();
  mask.inner = slice.workspace.template take<std::uint8_t>(t.rows() * mask.parts);
  return mask;
}

template <class Scalar>
void Batch<Scalar>::plan_node(Slice<Scalar>& slice, Index index, const std::vector<Shape>& shapes) {
  const Node& node = network_.nodes()[std::size_t(index)];
  const Layer<Scalar>& layer = network_.layer(node);
  const auto in = std::size_t(node.inputs[0]), out = std::size_t(node.output);
  plan_mask(slice, node, shapes[out]);
  auto& cache = slice.caches[std::size_t(index)];
  cache =
      layer.plan(shapes[in], slice.rows, {key_.training, bool(slice.masks[in])}, slice.workspace);

  Pass<Scalar>& pass = slice.passes[std::size_t(index)];
  const Index offset = network_.offset(node), count = layer.parameter_count();
  pass.parameters = network_.values().part(offset, count);
  pass.gradients = slice.parameter_gradients.part(offset, count);
  pass.inputs = {slice.tensors[in]};
  pass.input_gradients = {slice.gradients[in]};
  pass.output = slice.tensors[out];
  pass.output_gradient = slice.gradients[out];
  pass.input_mask = slice.masks[in];
  pass.output_mask = slice.masks[out];
  if (network_.timed(node.inputs[0])) pass.lengths = slice.lengths;
  const std::size_t states = layer.state_widths().size();
  pass.initial_state.resize(states);
  pass.final_state.resize(states);
  pass.final_state_gradient.resize(states);
  pass.initial_state_gradient.resize(states);
  pass.cache = cache.get();
  pass.first_row = slice.first_row;
}

template <class Scalar>
Index Batch<Scalar>::bytes() const {
  Index sum = 0;
  for (const Slice<Scalar>& slice : slices_) sum += slice.workspace.bytes();
  return sum;
}

template <class Scalar>
void Batch<Scalar>::forward(Slice<Scalar>& slice, const BatchContext& context) const {
  const Index last = context.last < 0 ? slice.last : context.last;
  for (Index n = slice.first; n < last; ++n) {
    Pass<Scalar>& pass = slice.passes[std::size_t(n)];
    pass.training = context.training;
    pass.random = context.random.child(static_cast<std::uint64_t>(n));
    pass.interrupt = context.interrupt;
    pass.continues = context.continues;
    pass.row_labels = slice.row_labels;
    if (pass.stopped()) return;
    const Node& node = network_.nodes()[std::size_t(n)];
    const Layer<Scalar>& layer = network_.layer(node);
    layer.forward(pass);
    if (slice.lengths && network_.timed(node.output) && layer.mask_flow() == MaskFlow::create) {
      restrict_to_lengths(slice, pass.output_mask);
    }
  }
}

template <class Scalar>
void Batch<Scalar>::backward(Slice<Scalar>& slice, Index from) const {
  const bool kept = std::exchange(slice.gradients_kept, false);
  for (Index k = from - 1; k >= slice.first; --k) {
    Pass<Scalar>& pass = slice.passes[std::size_t(k)];
    pass.gradients_kept = kept;
    if (pass.stopped()) return;
    if (!pass.output_gradient) break;
    network_.layer(network_.nodes()[std::size_t(k)]).backward(pass);
  }
  slice.gradients_kept = true;
}

template <class Scalar>
Span<Scalar> Batch<Scalar>::sum_gradients(bool to_change) {
  const Span<Scalar> sum = slices_.front().parameter_gradients;
  if (to_change || slices_.size() > 1) slices_.front().gradients_kept = false;
  for (std::size_t k = 1; k < slices_.size(); ++k) {
    sum.array() += slices_[k].parameter_gradients.array();
  }
  return sum;
}

template class Batch<float>;
template class Batch<double>;

}  // namespace echocell
