// The interface of a layer. A layer holds options and the shapes of its parameters; the numbers
// (parameters, gradients, activations, states) live outside and reach it through a Pass. So one
// layer can stand at several places of a graph, and several threads can run it at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "layers/parameter.hpp"
#include "layers/pass.hpp"
#include "numerics/shape.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// The conditions that a layer is planned for.
struct Use {
  bool training = false;  // backward() will be called
  bool masked = false;    // there will be an input mask
};

/// The effect of a layer on the mask.
enum class MaskFlow {
  pass,    // the output has the mask of the input
  create,  // forward() fills Pass::output_mask
  derive,  // likewise, out of Pass::input_mask; without that there is none
  drop     // the output has no mask
};

/// The effect of a layer on the time axis, the first one of a sample.
enum class TimeFlow {
  keep,  // step t of the output belongs to step t of the input
  end,   // the output belongs to the whole sequence, of which masked steps are no part
  mix    // steps change their places, or padding would count like any other step
};

/// A gate or a cell state over time, in processing order: [steps, batch, width].
template <class Scalar>
struct Trace {
  std::string name;
  Index steps = 0, batch = 0, width = 0;
  std::vector<Scalar> numbers;
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
  /// Whether masked steps at the end of a sequence change the output.
  virtual bool shows_masked_end() const { return false; }
  /// Where mask_flow() is create: the value of which a masked step of the input consists.
  virtual std::optional<Scalar> mask_value() const { return std::nullopt; }

  /// The width of each carried state (LSTM: h, c); empty where there is none.
  virtual std::vector<Index> state_widths() const { return {}; }
  /// Whether the final state of one batch is the initial state of the next.
  virtual bool stateful() const { return false; }
  /// Whether the layer gives the same result when it runs one step at a time, its state carried.
  virtual bool streamable() const { return true; }

  /// Reserves the memory that forward() and backward() need for `batch` samples of this shape,
  /// which has no open axes.
  virtual std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                                      Workspace& workspace) const {
    (void)input, (void)batch, (void)use, (void)workspace;
    return nullptr;
  }

  /// Writes output, final_state, and output_mask where mask_flow() is create or derive.
  virtual void forward(const Pass<Scalar>& pass) const = 0;
  /// After forward() with the same pass: writes the gradients, of parameters and inputs.
  virtual void backward(const Pass<Scalar>& pass) const = 0;

  /// Returns copies of what forward() left in the cache of the pass.
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

}  // namespace echocell
