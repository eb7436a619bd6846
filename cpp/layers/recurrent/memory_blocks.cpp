#include "layers/recurrent/memory_blocks.hpp"

#include "layers/recurrent/cell_activations.hpp"
#include "layers/recurrent/trace.hpp"
#include "layers/recurrent/walk_steps.hpp"
#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// One function for the first numbers, another for the rest; only one of them where it is for all.
template <class V, class First, class Rest>
V in_two_parts(Index first_count, const First& first, const Rest& rest) {
  if (first_count >= V::SizeAtCompileTime) return first();
  V numbers = rest();
  if (first_count <= 0) return numbers;
  const V others = first();
  for (Index k = 0; k < first_count; ++k) numbers[k] = others[k];
  return numbers;
}

/// Row b of a view.
template <class Scalar>
ArrayView<Scalar> row(RowsView<Scalar> rows, Index b) {
  return {rows.data() + b * rows.outerStride(), rows.cols()};
}

}  // namespace

// ---- the cell ----------------------------------------------------------------------------------

template <class Scalar>
MemoryBlocksCell<Scalar>::MemoryBlocksCell(const MemoryBlocksOptions& options)
    : RecurrentCell<MemoryBlocksCell, Scalar>(options),
      gate_activation_(options.recurrent_activation),
      output_activation_(options.output_activation),
      cells_(options.outputs),
      cells_in_each_(options.outputs / options.blocks),
      first_bias_(options.first_bias) {
  Index next = cells_;
  for (const auto& [letter, first] : {std::pair('i', &input_), {'f', &forget_}, {'o', &output_}}) {
    if (options.gates.find(letter) == std::string::npos) continue;
    *first = next;
    next += options.blocks;
  }
  CellShape& shape = this->shape_;
  shape.outputs = cells_;
  shape.kernel = options.use_kernel;
  shape.cell_state = true;
}

template <class Scalar>
void MemoryBlocksCell<Scalar>::plan(Recurrence<Scalar>& walk, bool training,
                                    Workspace& workspace) const {
  walk.sequence.plan_cell_states(training, workspace);
}

// With y what all units, h and gates, put out at the step before, and a cell's gates those of its
// block (Hochreiter & Schmidhuber 1997, eqs. 7 to 9; Gers et al. 2000, eq. 5):
//
//   i = sigma(x Wi + y Ri + bi)      f = sigma(x Wf + y Rf + bf)      o = sigma(x Wo + y Ro + bo)
//   c' = f * c + i * g(x Wc + y Rc + bc)                              h' = o * out(c')
//
// An absent gate is 1.

template <class Scalar>
void MemoryBlocksCell<Scalar>::forward(Recurrence<Scalar>& walk, Index t) const {
  walk.add_recurrent_product(t, walk.sequence.gates, walk.sequence.row(t), walk.all_blocks());
  with_activations(gate_activation_, this->settings_.activation, output_activation_,
                   [&](const auto& activations) {
                     activate_units(walk, t, activations);
                     update_cells(walk, t, activations);
                   });
}

/// z and y' become g of the cells, and the gates.
template <class Scalar>
template <class Activations>
void MemoryBlocksCell<Scalar>::activate_units(const Recurrence<Scalar>& walk, Index t,
                                              const Activations& activations) const {
  const RowsView<Scalar> y_after = walk.sequence.h(t + 1);
  walk.sequence.for_each_packet(t, [&](const auto& units, const auto& z) {
    using V = VectorOf<decltype(units)>;
    const V net = z[0];
    const V y = in_two_parts<V>(
        cells_ - units.first, [&]() -> V { return activations.cell(net); },
        [&]() -> V { return activations.gate(net); });
    z[0] = y;
    units.of(y_after) = y;
  });
}

template <class Scalar>
template <class Activations>
void MemoryBlocksCell<Scalar>::update_cells(const Recurrence<Scalar>& walk, Index t,
                                            const Activations& activations) const {
  using V = Packet<Scalar>;
  const Sequence<Scalar>& sequence = walk.sequence;
  for (Index b = 0; b < sequence.active(t); ++b) {
    const ArrayView<Scalar> c = row<Scalar>(sequence.c(t), b);
    ArrayView<Scalar> c1 = row<Scalar>(sequence.c(t + 1), b), y = row<Scalar>(sequence.h(t + 1), b);
    ArrayView<Scalar> out = row<Scalar>(sequence.activated_cell(t), b);
    const auto gate = [&](Index first, Index block) {
      return first < 0 ? Scalar(1) : y[first + block];
    };
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const Scalar i = gate(input_, block), f = gate(forget_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell) {
        c1[cell] = f * c[cell] + i * y[cell];
      }
    }
    for (Index cell = 0; cell < cells_; cell += kLanes<Scalar>) {
      const Index count = std::min(kLanes<Scalar>, cells_ - cell);
      const V states = load_some<V>(c1.data() + cell, count);
      out.template segment<V::SizeAtCompileTime>(cell) = activations.output(states);
    }
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const Scalar o = gate(output_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell) y[cell] = o * out[cell];
    }
  }
}

// Backward: dy, dc come as dLoss/dy', dLoss/dc' and go as dLoss/dy, dLoss/dc.

template <class Scalar>
void MemoryBlocksCell<Scalar>::backward(Recurrence<Scalar>& walk, Index t) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  with_activations(gate_activation_, this->settings_.activation, output_activation_,
                   [&](const auto& activations) { load_derivatives(walk, t, activations); });
  backward_cells(walk, t);
  const RowsView<Scalar> dy_rows = sequence.dh.step(0);
  sequence.for_each_packet(t, [&](const auto& units, const auto& z) {
    using V = VectorOf<decltype(units)>;
    const V dy = units.of(dy_rows);
    z[0] *= dy;
    units.of(dy_rows).setZero();
  });
  walk.add_recurrent_product_back(t, sequence.gates, dy_rows, walk.all_blocks());
}

/// The first scratch becomes g of the cells and the gates, z their derivatives, the second scratch
/// those of the activated cell states.
template <class Scalar>
template <class Activations>
void MemoryBlocksCell<Scalar>::load_derivatives(const Recurrence<Scalar>& walk, Index t,
                                                const Activations& activations) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const RowsView<Scalar> y_rows = sequence.scratch.step(0), d_out_rows = sequence.scratch.step(1);
  const RowsView<Scalar> activated_cell = sequence.activated_cell(t);
  sequence.for_each_packet(t, [&](const auto& units, const auto& z) {
    using V = VectorOf<decltype(units)>;
    const V y = z[0];
    units.of(y_rows) = y;
    z[0] = in_two_parts<V>(
        cells_ - units.first, [&]() -> V { return activations.cell_derivative(y); },
        [&]() -> V { return activations.gate_derivative(y); });
    if (units.first >= cells_) return;
    const V out = units.of(activated_cell);
    units.of(d_out_rows) = activations.output_derivative(out);
  });
}

/// dh becomes what reaches g of the cells and the gates.
template <class Scalar>
void MemoryBlocksCell<Scalar>::backward_cells(const Recurrence<Scalar>& walk, Index t) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  for (Index b = 0; b < sequence.active(t); ++b) {
    const ArrayView<Scalar> c = row<Scalar>(sequence.c(t), b),
                            out = row<Scalar>(sequence.activated_cell(t), b);
    const ArrayView<Scalar> y = sequence.scratch.row(0, b);
    const ArrayView<Scalar> out_derivative = sequence.scratch.row(1, b);
    ArrayView<Scalar> dy = sequence.dh.row(0, b), dc = sequence.dc.row(0, b);
    const auto gate = [&](Index first, Index block) {
      return first < 0 ? Scalar(1) : y[first + block];
    };
    const auto add = [&](Index first, Index block, Scalar gradient) {
      if (first >= 0) dy[first + block] += gradient;
    };
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const Scalar i = gate(input_, block), f = gate(forget_, block), o = gate(output_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell) {
        // h' = o * out(c')
        const Scalar dh = dy[cell], d = dc[cell] + dh * o * out_derivative[cell];
        add(output_, block, dh * out[cell]);
        // c' = f * c + i * g
        dy[cell] = d * i;
        add(input_, block, d * y[cell]);
        add(forget_, block, d * c[cell]);
        dc[cell] = d * f;
      }
    }
  }
}

template <class Scalar>
void MemoryBlocksCell<Scalar>::write_weight_gradients(Recurrence<Scalar>& walk) const {
  walk.write_recurrent_kernel_gradient(walk.sequence.gates, walk.all_blocks());
  if (walk.gradients.bias) walk.gradients.bias.array().head(first_bias_).setZero();
}

template <class Scalar>
std::vector<Trace<Scalar>> MemoryBlocksCell<Scalar>::trace(const Recurrence<Scalar>& walk) const {
  const Index blocks = cells_ / cells_in_each_;
  std::vector<Trace<Scalar>> traces;
  if (input_ >= 0) traces.push_back(gate_trace("i", walk, 0, input_, blocks));
  if (forget_ >= 0) traces.push_back(gate_trace("f", walk, 0, forget_, blocks));
  traces.push_back(gate_trace("g", walk, 0, 0, cells_));
  if (output_ >= 0) traces.push_back(gate_trace("o", walk, 0, output_, blocks));
  traces.push_back(state_trace("c", walk, &Sequence<Scalar>::c));
  traces.push_back(state_trace("h", walk, &Sequence<Scalar>::h));
  return traces;
}

// ---- the layer ---------------------------------------------------------------------------------

template <class Scalar>
MemoryBlocks<Scalar>::MemoryBlocks(const MemoryBlocksOptions& options)
    : Base(options), use_kernel_(options.use_kernel), shortcut_(options.shortcut) {}

template <class Scalar>
void MemoryBlocks<Scalar>::build(const Shape& input) {
  Base::build(input);
  if (!use_kernel_ && input[1] != this->settings().units) {
    throw std::invalid_argument("without a kernel the layer expects " +
                                std::to_string(this->settings().units) +
                                " features, one for each unit, received " + to_string(input));
  }
}

template <class Scalar>
Shape MemoryBlocks<Scalar>::output_shape(const Shape& input) const {
  Shape output = Base::output_shape(input);
  if (shortcut_) output.back() += this->features();
  return output;
}

template <class Scalar>
void MemoryBlocks<Scalar>::forward(const Pass<Scalar>& pass) const {
  Base::forward(pass);
  if (shortcut_) write_shortcut(pass);
}

template <class Scalar>
void MemoryBlocks<Scalar>::backward(const Pass<Scalar>& pass) const {
  Base::backward(pass);
  if (shortcut_ && pass.wants_input_gradient()) add_shortcut_gradient(pass);
}

/// The output of a step ends with its input, of a masked one too, unless its output is hidden.
template <class Scalar>
void MemoryBlocks<Scalar>::write_shortcut(const Pass<Scalar>& pass) const {
  const Tensor<const Scalar>& x = pass.input();
  for (Index t = 0; t < x.steps; ++t) {
    for (Index b = 0; b < x.batch; ++b) {
      const Index from = this->source(pass, t);
      copy_row_or_zero(!this->hides_step(pass, from, b), x.row(from, b),
                       pass.output.row(t, b).tail(x.width));
    }
  }
}

template <class Scalar>
void MemoryBlocks<Scalar>::add_shortcut_gradient(const Pass<Scalar>& pass) const {
  const Tensor<Scalar>& dx = pass.input_gradient();
  for (Index t = 0; t < dx.steps; ++t) {
    for (Index b = 0; b < dx.batch; ++b) {
      const Index from = this->source(pass, t);
      if (this->hides_step(pass, from, b)) continue;
      dx.row(from, b) += pass.output_gradient.row(t, b).tail(dx.width);
    }
  }
}

/// Without a kernel, z = x + b.
template <class Scalar>
void MemoryBlocks<Scalar>::project_input(Walk& walk) const {
  if (use_kernel_) return Base::project_input(walk);
  const Sequence<Scalar>& sequence = walk.sequence;
  const ConstRowsView<Scalar> x = walk.input.rows(sequence);
  const ConstArrayView<Scalar> bias = walk.weights.bias.array();
  for (Index t = sequence.segment.first; t < sequence.segment.end(); ++t) {
    const Index first_row = sequence.row(t);
    sequence.for_each_packet(t, [&](const auto& units, const auto& z) {
      using V = VectorOf<decltype(units)>;
      const Index count =
          std::min<Index>(V::SizeAtCompileTime, this->settings().units - units.first);
      z[0] = load_some<V>(row_range(x, first_row + units.row, 1).data() + units.first, count);
      if (walk.weights.bias) z[0] += units.of(bias);
    });
  }
}

template <class Scalar>
void MemoryBlocks<Scalar>::write_kernel_gradient(const Pass<Scalar>& pass, Walk& walk) const {
  if (use_kernel_) Base::write_kernel_gradient(pass, walk);
}

/// Without a kernel, dx = dz, under the mask of the inputs' dropout.
template <class Scalar>
void MemoryBlocks<Scalar>::write_input_gradient(const Pass<Scalar>& pass, Walk& walk) const {
  if (use_kernel_) return Base::write_input_gradient(pass, walk);
  const Sequence<Scalar>& sequence = walk.sequence;
  for (Index s = sequence.segment.first; s < sequence.segment.end(); ++s) {
    sequence.for_each_packet(s, [&](const auto& units, const auto& z) {
      using V = VectorOf<decltype(units)>;
      const auto [t, b] = sequence.valid_steps.place(s, units.row);
      const Index count =
          std::min<Index>(V::SizeAtCompileTime, this->settings().units - units.first);
      const Span<const Scalar> mask = walk.input.dropout(pass, 0, b);
      V d = z[0];
      if (mask) d *= load_some<V>(mask.data + units.first, count);
      ArrayView<Scalar> dx = pass.input_gradient().row(this->source(pass, t), b);
      store_some(dx.data() + units.first, d, count);
    });
  }
}

template class MemoryBlocksCell<float>;
template class MemoryBlocksCell<double>;
template class Recurrent<float, MemoryBlocksCell<float>>;
template class Recurrent<double, MemoryBlocksCell<double>>;
template class MemoryBlocks<float>;
template class MemoryBlocks<double>;

}  // namespace echocell
