// One run of a layer over one slice of a batch: the numbers that it reads and writes.
#pragma once

#include <vector>

#include "numerics/interrupt.hpp"
#include "numerics/random.hpp"
#include "numerics/tensor.hpp"

namespace echocell {

/// The numbers that forward() leaves for backward(), and scratch; laid out by plan().
struct Cache {
  virtual ~Cache() = default;
};

/// One application of a layer to one slice of a batch. All views are of the slice. Nothing aliases,
/// except that final_state may be where a later call finds its initial_state.
template <class Scalar>
struct Pass {
  // The block of this layer's parameters, and that of their gradients, which is null where
  // backward() will not be called.
  Span<const Scalar> parameters;
  Span<Scalar> gradients;
  bool gradients_kept = false;  // unchanged since the last backward() with this cache

  // The tensors of the graph. An input gradient with null data is not wanted; otherwise it is
  // overwritten. output_gradient is read; backward() may use it as scratch.
  std::vector<Tensor<const Scalar>> inputs;
  std::vector<Tensor<Scalar>> input_gradients;
  Tensor<Scalar> output;
  Tensor<Scalar> output_gradient;
  Mask input_mask;
  Mask output_mask;
  Mask lengths;            // the steps that rows have, where they differ: the rest is padding
  bool continues = false;  // the sequences began in an earlier batch

  // One entry per state of the layer, [1, B, state_widths()[k]] each. Null: zero (initial), or not
  // wanted (final). The gradients likewise; initial_state_gradient is overwritten.
  std::vector<Tensor<const Scalar>> initial_state;
  std::vector<Tensor<Scalar>> final_state;
  std::vector<Tensor<const Scalar>> final_state_gradient;
  std::vector<Tensor<Scalar>> initial_state_gradient;

  Cache* cache = nullptr;  // made by plan() of the same layer for the same shape
  bool training = false;   // dropout is on
  Random random;           // the stream of this layer at this batch
  Index first_row = 0;     // this slice's first row in the batch: random numbers are drawn per row
  const Index* row_labels = nullptr;  // [B]: where the rows stood before they were sorted, or null
  Index row_block = 0;                // above 0: rows come in blocks of so many, one per outer step
  Interrupt* interrupt = nullptr;

  /// The label of the random numbers of row b of this slice: the same however the batch is sliced.
  Index row(Index b) const {
    const Index step = row_block == 0 ? 0 : b / row_block;
    const Index at = b - step * row_block;
    return (row_labels ? row_labels[at] : first_row + at) + step * (Index(1) << 32);
  }
  const Tensor<const Scalar>& input() const { return inputs[0]; }
  const Tensor<Scalar>& input_gradient() const { return input_gradients[0]; }
  bool stopped() const { return interrupt != nullptr && interrupt->check(); }
  bool wants_input_gradient() const { return !input_gradients.empty() && input_gradients[0]; }
};

}  // namespace echocell
