#include "layers/recurrent/lstm.hpp"

#include "layers/recurrent/cell_activations.hpp"
#include "layers/recurrent/trace.hpp"
#include "layers/recurrent/walk_steps.hpp"

namespace echocell {

template <class Scalar>
LSTMCell<Scalar>::LSTMCell(const LSTMOptions& options)
    : RecurrentCell<LSTMCell, Scalar>(options),
      gate_activation_(options.recurrent_activation),
      output_activation_(options.output_activation),
      coupled_(options.coupled) {
  CellShape& shape = this->shape_;
  shape.cell_state = true;
  shape.blocks = 0;
  const auto has = [&](char letter) { return options.gates.find(letter) != std::string::npos; };
  const auto add_gate = [&](Gate& gate) {
    gate.block = shape.blocks++;
    if (options.peephole) gate.peephole = shape.peepholes++;
  };
  if (has('i')) add_gate(input_);
  if (has('f') && !coupled_) add_gate(forget_);
  candidate_ = shape.blocks++;
  if (has('o')) add_gate(output_);
  if (coupled_ && !input_.exists()) {
    throw std::invalid_argument("coupled gates need an input gate");
  }
}

template <class Scalar>
void LSTMCell<Scalar>::plan(Recurrence<Scalar>& walk, bool training, Workspace& workspace) const {
  walk.sequence.plan_cell_states(training, workspace);
}

// ---- forward -----------------------------------------------------------------------------------
//
//   i = sigma(x Wi + h Ri + pi * c + bi)        f = sigma(x Wf + h Rf + pf * c + bf)
//   g = tanh (x Wc + h Rc + bc)                 c' = f * c + i * g
//   o = sigma(x Wo + h Ro + po * c' + bo)       h' = o * out(c')
//
// The gates of step t come as x W + b. An absent gate is 1; coupled, f is 1 - i.

template <class Scalar>
void LSTMCell<Scalar>::forward(Recurrence<Scalar>& walk, Index t) const {
  walk.add_recurrent_product(t, walk.sequence.gates, walk.sequence.row(t), walk.all_blocks());
  with_activations(gate_activation_, this->settings_.activation, output_activation_,
                   [&](const auto& activations) { forward_step(walk, t, activations); });
}

template <class Scalar>
template <class Activations>
void LSTMCell<Scalar>::forward_step(const Recurrence<Scalar>& walk, Index t,
                                    const Activations& activations) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const RowsView<Scalar> c_before = sequence.c(t), c_after = sequence.c(t + 1);
  const RowsView<Scalar> h_after = sequence.h(t + 1), activated_cell = sequence.activated_cell(t);

  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const auto open = [&](const Gate& gate, const V& cell) ECHOCELL_ALWAYS_INLINE -> V {
      if (!gate.exists()) return V::Ones();
      V z = gates[gate.block];
      if (gate.has_peephole()) z += units.of(walk.weights.peephole_row(gate.peephole)) * cell;
      const V y = activations.gate(z);
      gates[gate.block] = y;
      return y;
    };
    const V c = units.of(c_before);
    const V i = open(input_, c);
    const V f = coupled_ ? V(Scalar(1) - i) : open(forget_, c);
    const V g = activations.template cell<V>(gates[candidate_]);
    const V c1 = f * c + i * g;
    const V o = open(output_, c1);
    const V out = activations.output(c1);
    const V h1 = o * out;

    gates[candidate_] = g;
    units.of(c_after) = c1;
    units.of(activated_cell) = out;
    units.of(h_after) = h1;
  });
}

// ---- backward: dh, dc come as dLoss/dh', dLoss/dc' and go as dLoss/dh, dLoss/dc ----

template <class Scalar>
void LSTMCell<Scalar>::backward(Recurrence<Scalar>& walk, Index t) const {
  with_activations(gate_activation_, this->settings_.activation, output_activation_,
                   [&](const auto& activations) { backward_step(walk, t, activations); });
  walk.add_recurrent_product_back(t, walk.sequence.gates, walk.sequence.dh.step(0),
                                  walk.all_blocks());
}

template <class Scalar>
template <class Activations>
void LSTMCell<Scalar>::backward_step(const Recurrence<Scalar>& walk, Index t,
                                     const Activations& activations) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const RowsView<Scalar> c_before = sequence.c(t), activated_cell = sequence.activated_cell(t);
  const RowsView<Scalar> dh_rows = sequence.dh.step(0), dc_rows = sequence.dc.step(0);

  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const auto opening = [&](const Gate& gate) ECHOCELL_ALWAYS_INLINE -> V {
      return gate.exists() ? V(gates[gate.block]) : V(V::Ones());
    };
    // dy: by the value y of the gate; adds what a peephole gives to the cell state.
    const auto open_back = [&](const Gate& gate, const V& y, const V& dy,
                               V& d_cell) ECHOCELL_ALWAYS_INLINE {
      if (!gate.exists()) return;
      const V dz = dy * activations.gate_derivative(y);
      gates[gate.block] = dz;
      if (gate.has_peephole()) d_cell += dz * units.of(walk.weights.peephole_row(gate.peephole));
    };
    const V c = units.of(c_before), out = units.of(activated_cell);
    const V i = opening(input_), g = gates[candidate_], o = opening(output_);
    const V f = coupled_ ? V(Scalar(1) - i) : opening(forget_);
    const V dh1 = units.of(dh_rows);
    V dc1 = units.of(dc_rows);
    // h' = o * out(c')
    dc1 += dh1 * o * activations.output_derivative(out);
    open_back(output_, o, dh1 * out, dc1);
    // c' = f * c + i * g
    V dc = dc1 * f, di = dc1 * g;
    if (coupled_) di -= dc1 * c;
    gates[candidate_] = dc1 * i * activations.cell_derivative(g);
    open_back(input_, i, di, dc);
    open_back(forget_, f, dc1 * c, dc);

    units.of(dc_rows) = dc;
    units.of(dh_rows).setZero();
  });
}

template <class Scalar>
void LSTMCell<Scalar>::write_weight_gradients(Recurrence<Scalar>& walk) const {
  walk.write_recurrent_kernel_gradient(walk.sequence.gates, walk.all_blocks());
  if (walk.gradients.peephole_kernel) write_peephole_gradient(walk);
}

/// The sum of dz * c, or for the output gate dz * c', over rows and steps.
template <class Scalar>
void LSTMCell<Scalar>::write_peephole_gradient(const Recurrence<Scalar>& walk) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  if (walk.write == Write::set) walk.gradients.peephole_kernel.array().setZero();
  for (Index t = sequence.segment.first; t < sequence.segment.end(); ++t) {
    const RowsView<Scalar> c_before = sequence.c(t), c_after = sequence.c(t + 1);
    sequence.for_each_vector(t, [&](const auto& units, const auto& dz) {
      const auto add = [&](const Gate& gate, const RowsView<Scalar>& c) {
        if (!gate.has_peephole()) return;
        units.of(walk.gradients.peephole_row(gate.peephole)) += dz[gate.block] * units.of(c);
      };
      add(input_, c_before);
      add(forget_, c_before);
      add(output_, c_after);
    });
  }
}

template <class Scalar>
std::vector<Trace<Scalar>> LSTMCell<Scalar>::trace(const Recurrence<Scalar>& walk) const {
  std::vector<Trace<Scalar>> traces;
  if (input_.exists()) traces.push_back(gate_trace("i", walk, input_.block));
  if (forget_.exists()) traces.push_back(gate_trace("f", walk, forget_.block));
  traces.push_back(gate_trace("g", walk, candidate_));
  if (output_.exists()) traces.push_back(gate_trace("o", walk, output_.block));
  traces.push_back(state_trace("c", walk, &Sequence<Scalar>::c));
  traces.push_back(state_trace("h", walk, &Sequence<Scalar>::h));
  return traces;
}

template class LSTMCell<float>;
template class LSTMCell<double>;
template class Recurrent<float, LSTMCell<float>>;
template class Recurrent<double, LSTMCell<double>>;

}  // namespace echocell
