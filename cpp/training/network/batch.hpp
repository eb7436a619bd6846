// One batch on its way through a network: cut into slices of rows, each with its own workspace.
//
// The cut depends on the number of rows alone, never on the number of threads, and sums over
// slices go in their order: so every thread count gives the same bits.
#pragma once

#include <memory>
#include <tuple>
#include <vector>

#include "layers/layer.hpp"
#include "training/network/network.hpp"

namespace echocell {

/// The use that a batch is planned for.
struct BatchKey {
  Index rows = 0;
  Shape input;                  // one sample, no open axes
  bool training = false;        // backward() will be called
  bool input_gradient = false;  // and dLoss/dx is wanted
  bool input_mask = false;      // the caller masks the input
  Index first = 0;              // the nodes [first, last) run; input is then that of node first
  Index last = -1;              // -1: up to the output
  bool lengths = false;         // rows end at steps of their own: Slice::lengths is filled

  friend bool operator==(const BatchKey& a, const BatchKey& b) {
    const auto fields = [](const BatchKey& key) {
      return std::tie(key.rows, key.training, key.input, key.input_gradient, key.input_mask,
                      key.first, key.last, key.lengths);
    };
    return fields(a) == fields(b);
  }
};

/// Some rows of a batch, and all that a network computes for them. Tensors, masks, caches and
/// passes are numbered as in Network; those out of the key's range are empty.
template <class Scalar>
struct Slice {
  Index first_row = 0;
  Index rows = 0;
  Workspace workspace;
  std::vector<Tensor<Scalar>> tensors;
  std::vector<Tensor<Scalar>> gradients;       // of the tensors; null where none is wanted
  std::vector<Mask> masks;                     // of the tensors
  Mask lengths;                                // the steps that rows have, for BatchKey::lengths
  const Index* row_labels = nullptr;           // see Pass
  std::vector<std::unique_ptr<Cache>> caches;  // of the nodes
  std::vector<Pass<Scalar>> passes;            // of the nodes
  Span<Scalar> parameter_gradients;            // as long as the arena
  bool gradients_kept = false;                 // they are as backward() left them
  Index first = 0, last = 0;                   // input and output among the tensors

  const Tensor<Scalar>& input() const { return tensors[std::size_t(first)]; }
  const Tensor<Scalar>& output() const { return tensors[std::size_t(last)]; }
  const Mask& input_mask() const { return masks[std::size_t(first)]; }
  const Mask& output_mask() const { return masks[std::size_t(last)]; }
};

/// The settings that change from batch to batch.
struct BatchContext {
  bool training = false;  // dropout is on
  Random random;
  Interrupt* interrupt = nullptr;
  bool continues = false;  // the sequences began in an earlier batch
  Index last = -1;         // the node to stop before, where the output is not read
};

template <class Scalar>
class Batch {
 public:
  Batch(const Network<Scalar>& network, BatchKey key);

  const BatchKey& key() const { return key_; }
  std::vector<Slice<Scalar>>& slices() { return slices_; }
  /// Whether there is work enough for a second thread.
  bool parallel() const { return parallel_; }
  /// Whether its passes begin with the states of a States; States::bind() keeps it up to date.
  bool carries_states = false;
  /// Memory that the plan holds, in bytes.
  Index bytes() const;

  /// Runs the key's nodes over the slice.
  void forward(Slice<Scalar>& slice, const BatchContext& context) const;
  /// From the gradient of tensor `from`, the output of node from - 1, back to the input.
  void backward(Slice<Scalar>& slice, Index from) const;
  /// The sum of the slices' parameter gradients. to_change: the caller may write to it.
  Span<Scalar> sum_gradients(bool to_change = true);

 private:
  void plan_tensors(Slice<Scalar>& slice, const std::vector<Shape>& shapes);
  void plan_node(Slice<Scalar>& slice, Index index, const std::vector<Shape>& shapes);
  Index first_learner(const Slice<Scalar>& slice) const;
  void plan_mask(Slice<Scalar>& slice, const Node& node, const Shape& output);
  static Mask new_mask(Slice<Scalar>& slice, Index tensor, const Shape& shape);

  const Network<Scalar>& network_;
  BatchKey key_;
  std::vector<Slice<Scalar>> slices_;
  bool parallel_ = false;
};

}  // namespace echocell
