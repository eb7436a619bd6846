#include "layers/recurrent/gru.hpp"

#include "layers/interruptible.hpp"
#include "layers/recurrent/cell_activations.hpp"
#include "layers/recurrent/trace.hpp"
#include "layers/recurrent/walk_steps.hpp"

namespace echocell {
namespace {

// The blocks of the kernel.
constexpr Index kUpdate = 0, kReset = 1, kCandidate = 2;

}  // namespace

template <class Scalar>
GRUCell<Scalar>::GRUCell(const GRUOptions& options)
    : RecurrentCell<GRUCell, Scalar>(options),
      gate_activation_(options.recurrent_activation),
      reset_after_(options.reset_after) {
  CellShape& shape = this->shape_;
  shape.blocks = 3;
  shape.bias_rows = reset_after_ ? 2 : 1;
  shape.blocks_apart = !reset_after_;
}

template <class Scalar>
void GRUCell<Scalar>::plan(Recurrence<Scalar>& walk, bool training, Workspace& workspace) const {
  walk.sequence.plan_candidate_recurrent(workspace);
  if (reset_after_) walk.sequence.plan_recurrent_gates(training, workspace);
}

// ---- forward -----------------------------------------------------------------------------------
//
//   z = sigma(x Wz + h Rz + bz)     r = sigma(x Wr + h Rr + br)     h' = z * h + (1 - z) * g
//   g = tanh(x Wh + bh + r * (h Rh + rh))   reset after
//   g = tanh(x Wh + bh + (r * h) Rh)        reset before
//
// The gates of step t come as x W + b.

template <class Scalar>
void GRUCell<Scalar>::forward(Recurrence<Scalar>& walk, Index t) const {
  with_activations(gate_activation_, this->settings_.activation, this->settings_.activation,
                   [&](const auto& activations) {
                     if (reset_after_) {
                       forward_reset_after(walk, t, activations);
                     } else {
                       forward_reset_before(walk, t, activations);
                     }
                   });
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::forward_reset_after(const Recurrence<Scalar>& walk, Index t,
                                          const Activations& activations) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const Panels<Scalar>& recurrent_gates = sequence.recurrent_gates;  // h R + b
  fill_rows(walk.weights.bias_row(1).data, recurrent_gates, Index(0), sequence.active(t));
  walk.add_recurrent_product(t, recurrent_gates, 0, walk.all_blocks());

  const RowsView<Scalar> h_before = sequence.h(t), h_after = sequence.h(t + 1);
  const RowsView<Scalar> candidate_recurrent = sequence.candidate_recurrent(t);
  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const auto recurrent = gates.in(recurrent_gates, units.row);
    const V h = units.of(h_before), h_r = recurrent[kCandidate];
    const V z = activations.template gate<V>(gates[kUpdate] + recurrent[kUpdate]);
    const V r = activations.template gate<V>(gates[kReset] + recurrent[kReset]);
    const V g = activations.template cell<V>(gates[kCandidate] + r * h_r);
    const V h1 = z * h + (Scalar(1) - z) * g;

    gates[kUpdate] = z;
    gates[kReset] = r;
    gates[kCandidate] = g;
    units.of(candidate_recurrent) = h_r;
    units.of(h_after) = h1;
  });
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::forward_reset_before(const Recurrence<Scalar>& walk, Index t,
                                           const Activations& activations) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const Panels<Scalar>& all_gates = sequence.gates;
  const Index rows = sequence.active(t);
  walk.add_recurrent_product(t, all_gates, sequence.row(t), walk.blocks(kUpdate, 2));

  const RowsView<Scalar> h_before = sequence.h(t), h_after = sequence.h(t + 1);
  const ConstRowsView<Scalar> h_seen = sequence.h_seen(kCandidate, t, rows);
  const RowsView<Scalar> reset_h = sequence.candidate_recurrent(t);
  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const V h = units.of(h_seen);
    const V z = activations.template gate<V>(gates[kUpdate]);
    const V r = activations.template gate<V>(gates[kReset]);

    gates[kUpdate] = z;
    gates[kReset] = r;
    units.of(reset_h) = r * h;
  });
  add_product(sequence.template without_padding<const Scalar>(reset_h, rows),
              walk.weights.recurrent_kernel, all_gates, sequence.row(t),
              walk.blocks(kCandidate, 1));
  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const V z = gates[kUpdate], h = units.of(h_before);
    const V g = activations.template cell<V>(gates[kCandidate]);
    const V h1 = z * h + (Scalar(1) - z) * g;

    gates[kCandidate] = g;
    units.of(h_after) = h1;
  });
}

// ---- backward: dh comes as dLoss/dh' and goes as dLoss/dh ----

template <class Scalar>
void GRUCell<Scalar>::backward(Recurrence<Scalar>& walk, Index t) const {
  with_activations(gate_activation_, this->settings_.activation, this->settings_.activation,
                   [&](const auto& activations) {
                     if (reset_after_) {
                       backward_reset_after(walk, t, activations);
                     } else {
                       backward_reset_before(walk, t, activations);
                     }
                   });
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::backward_reset_after(const Recurrence<Scalar>& walk, Index t,
                                           const Activations& activations) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const Panels<Scalar>& d_recurrent_gates = sequence.d_recurrent_gates;
  const Index first_row = sequence.row(t);
  const RowsView<Scalar> h_before = sequence.h(t), dh_rows = sequence.dh.step(0);
  const RowsView<Scalar> candidate_recurrent = sequence.candidate_recurrent(t);
  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const auto d_recurrent = gates.in(d_recurrent_gates, first_row + units.row);
    const V z = gates[kUpdate], r = gates[kReset], g = gates[kCandidate];
    const V h = units.of(h_before), h_r = units.of(candidate_recurrent);
    const V dh1 = units.of(dh_rows);
    // h' = z * h + (1 - z) * g
    const V dz = dh1 * (h - g) * activations.gate_derivative(z);
    const V dg = dh1 * (Scalar(1) - z) * activations.cell_derivative(g);
    // g = tanh(... + r * h_r)
    const V dr = dg * h_r * activations.gate_derivative(r);

    gates[kUpdate] = dz;
    gates[kReset] = dr;
    gates[kCandidate] = dg;
    d_recurrent[kUpdate] = dz;
    d_recurrent[kReset] = dr;
    d_recurrent[kCandidate] = dg * r;
    units.of(dh_rows) = dh1 * z;
  });
  walk.add_recurrent_product_back(t, d_recurrent_gates, dh_rows, walk.all_blocks());
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::backward_reset_before(const Recurrence<Scalar>& walk, Index t,
                                            const Activations& activations) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const Index rows = sequence.active(t);
  const RowsView<Scalar> h_before = sequence.h(t), dh_rows = sequence.dh.step(0);
  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const V z = gates[kUpdate], g = gates[kCandidate];
    const V h = units.of(h_before), dh1 = units.of(dh_rows);
    // h' = z * h + (1 - z) * g
    gates[kUpdate] = dh1 * (h - g) * activations.gate_derivative(z);
    gates[kCandidate] = dh1 * (Scalar(1) - z) * activations.cell_derivative(g);
    units.of(dh_rows) = dh1 * z;
  });
  // g = tanh(... + reset_h Rh)
  RowsView<Scalar> d_reset_h = sequence.scratch_rows(rows);
  d_reset_h.setZero();
  walk.recurrent_back.add(sequence.gates, sequence.row(t),
                          sequence.template without_padding<Scalar>(d_reset_h, rows),
                          walk.blocks(kCandidate, 1));
  // reset_h = r * h, or r * what dropout leaves of h
  const ConstRowsView<Scalar> h_seen = sequence.h_seen(kCandidate, t, rows);
  const Tensor<Scalar>& dropout = sequence.dropout;
  sequence.for_each_vector(t, [&](const auto& units, const auto& gates) ECHOCELL_ALWAYS_INLINE {
    using V = VectorOf<decltype(units)>;
    const V r = gates[kReset], h = units.of(h_seen), d = units.of(d_reset_h);
    V dh = d * r;
    if (dropout) dh *= units.of(dropout.step(kCandidate));

    gates[kReset] = d * h * activations.gate_derivative(r);
    units.of(dh_rows) += dh;
  });
  walk.add_recurrent_product_back(t, sequence.gates, dh_rows, walk.blocks(kUpdate, 2));
}

template <class Scalar>
void GRUCell<Scalar>::write_weight_gradients(Recurrence<Scalar>& walk) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const Index rows = sequence.segment_rows();
  if (reset_after_) {
    walk.write_recurrent_kernel_gradient(sequence.d_recurrent_gates, walk.all_blocks());
    if (!walk.gradients.bias) return;
    column_sums<Scalar>(sequence.d_recurrent_gates, rows, walk.gradients.bias_row(1).array(),
                        walk.write);
    return;
  }
  const RowsView<Scalar> reset_h = sequence.candidate_recurrent(sequence.segment.first);
  walk.write_recurrent_kernel_gradient(sequence.gates, walk.blocks(kUpdate, 2));
  product_tn_in_pieces<Scalar>(
      walk.interrupt, sequence.template without_padding<const Scalar>(reset_h, rows),
      sequence.gates, 0, walk.gradients.recurrent_kernel, walk.write, walk.blocks(kCandidate, 1));
}

template <class Scalar>
std::vector<Trace<Scalar>> GRUCell<Scalar>::trace(const Recurrence<Scalar>& walk) const {
  return {gate_trace("z", walk, kUpdate), gate_trace("r", walk, kReset),
          gate_trace("g", walk, kCandidate), state_trace("h", walk, &Sequence<Scalar>::h)};
}

template class GRUCell<float>;
template class GRUCell<double>;
template class Recurrent<float, GRUCell<float>>;
template class Recurrent<double, GRUCell<double>>;

}  // namespace echocell
