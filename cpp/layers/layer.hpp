// What every layer promises. A layer holds options and the shapes of its parameters; the numbers
// (parameters, gradients, activations, states) live outside and reach it through a Pass. So one
// layer can stand at several places of a graph, and several threads can run it at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "layers/parameter.hpp"
#include "numerics/interrupt.hpp"
#include "numerics/random.hpp"
#include "numerics/shape.hpp"
#include "numerics/tensor.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// What a layer is planned for.
struct Use {
  bool training = false;  // backward() will be called
  bool masked = false;    // there will be an input mask
};

/// What becomes of the mask on the way through a layer.
enum class MaskFlow {
  pass,    // the output has the mask of the input
  create,  // forward() fills Pass::output_mask
  derive,  // likewise, out of Pass::input_mask; without that there is none
  drop     // the output has no mask
};

/// The fate of the time axis, the first one of a sample, on the way through a layer.
enum class TimeFlow {
  keep,  // step t of the output belongs to step t of the input
  end,   // the output belongs to the whole sequence, of which masked steps are no part
  mix    // steps change their places, or padding would count like any other step
};

/// Numbers that forward() leaves for backward(), and scratch; laid out at planning.
struct Cache {
  virtual ~Cache() = default;
};

/// Numbers for those who look inside: a gate, a cell state, over time, in processing order,
/// [steps, batch, width].
template <class Scalar>
struct Trace {
  std::string name;
  Index steps = 0, batch = 0, width = 0;
  std::vector<Scalar> numbers;
};

/// One application of a layer to one slice of a batch. All views are of the slice. Nothing aliases,
/// except that final_state may be where a later call finds its initial_state.
template <class Scalar>
struct Pass {
  // Parameters of this layer, and where their gradient is written. gradients is null when
  // backward() will not be called.
  Span<const Scalar> parameters;
  Span<Scalar> gradients;
  bool gradients_kept = false;  // they are as the last backward() with this cache left them

  // What flows along the graph. An input_gradient with null data is not wanted; otherwise it is
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

/// A layer. Scalar is float or double.
template <class Scalar>
class Layer {
 public:
  virtual ~Layer() = default;

  /// Fixes the parameters from the shape of one input sample (its time axis may be open).
  /// Throws std::invalid_argument if the layer cannot take such input.
  virtual void build(const Shape& input) { (void)input; }
  /// In Keras's order of get_weights(). Empty before build().
  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// Numbers in the layer's block, padding included.
  Index parameter_count() const {
    return parameters_.empty() ? 0 : parameters_.back().offset + block_size(parameters_.back());
  }

  /// The shape of one output sample. Open axes stay open.
  virtual Shape output_shape(const Shape& input) const = 0;
  virtual TimeFlow time_flow() const { return TimeFlow::keep; }
  virtual MaskFlow mask_flow() const { return MaskFlow::pass; }
  /// Whether a masked step at the end of a sequence changes the output.
  virtual bool shows_masked_end() const { return false; }
  /// Where mask_flow() is create: a step of the input that holds nothing but this is masked.
  virtual std::optional<Scalar> mask_value() const { return std::nullopt; }

  /// The width of each carried state (LSTM: h, c); empty where there is none.
  virtual std::vector<Index> state_widths() const { return {}; }
  /// Is the final state of one batch the initial state of the next?
  virtual bool stateful() const { return false; }
  /// Can it be run step by step, its state carried from step to step, with the same result?
  virtual bool streamable() const { return true; }

  /// Takes what forward() and backward() need for `batch` rows of this shape (no open axes).
  virtual std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                                      Workspace& workspace) const {
    (void)input, (void)batch, (void)use, (void)workspace;
    return nullptr;
  }

  /// Writes output, final_state, and output_mask where mask_flow() is create or derive.
  virtual void forward(const Pass<Scalar>& pass) const = 0;
  /// After forward() with the same pass: writes the gradients, of parameters and inputs.
  virtual void backward(const Pass<Scalar>& pass) const = 0;

  /// What forward() left in the pass's cache, by name. Valid until the next forward().
  virtual std::vector<Trace<Scalar>> trace(const Pass<Scalar>& pass) const {
    (void)pass;
    return {};
  }

 protected:
  /// For build(): appends a parameter to the block, aligned.
  Placement add_parameter(std::string name, Shape shape, Packing packing = {}) {
    (void)volume(shape);  // throws if it is too large
    parameters_.push_back({std::move(name), std::move(shape), parameter_count(), packing});
    return parameters_.back().placement();
  }
  static Index block_size(const Parameter& parameter) {
    return aligned_count<Scalar>(parameter.packed_size());
  }
  std::vector<Parameter> parameters_;
};

/// Makes the next `count` numbers of a Bernoulli mask: 0 with probability rate, else 1/(1-rate),
/// so that the expectation is kept. Element k of row `row` is the same however the batch is sliced.
template <class Scalar>
void draw_dropout(Random random, double rate, Index row, Scalar* mask, Index count) {
  const Random stream = random.child(static_cast<std::uint64_t>(row));
  const Scalar scale = static_cast<Scalar>(1.0 / (1.0 - rate));
  for (Index k = 0; k < count; ++k) {
    mask[k] = stream.uniform(static_cast<std::uint64_t>(k)) < rate ? Scalar(0) : scale;
  }
}

}  // namespace echocell
