#include "layers/recurrent/gru.hpp"

#include "layers/recurrent/cell_activations.hpp"
#include "layers/recurrent/recurrent_backward.hpp"

namespace echocell {
namespace {

// The blocks of the kernel.
constexpr Index kUpdate = 0, kReset = 1, kCandidate = 2;

/// h(t-1), or what dropout leaves of it, as the candidate's product sees it.
template <class Scalar>
const Scalar* candidate_h(const Unrolled<Scalar>& u, Index t) {
  return u.h_seen(kCandidate, t, 1).data();
}

}  // namespace

template <class Scalar>
GRUCell<Scalar>::GRUCell(const GRUOptions& options)
    : RecurrentCell(options),
      gate_activation_(options.recurrent_activation),
      reset_after_(options.reset_after) {}

template <class Scalar>
void GRUCell<Scalar>::plan(Unrolled<Scalar>& u, bool training, Workspace& workspace) const {
  u.aux = workspace.take<Scalar>(u.segment * u.B * u.Hp);
  if (training && reset_after_) u.d_recurrent_z = workspace.take<Scalar>(u.segment * u.B * u.N);
}

// ---- forward -----------------------------------------------------------------------------------
//
//   z = sigma(x Wz + h Rz + bz)     r = sigma(x Wr + h Rr + br)     h' = z * h + (1 - z) * g
//   g = tanh(x Wh + bh + r * (h Rh + rh))   reset after
//   g = tanh(x Wh + bh + (r * h) Rh)        reset before
//
// The gates of step t come as x W + b.

template <class Scalar>
void GRUCell<Scalar>::forward(Unrolled<Scalar>& u, Index t) const {
  with_activations(gate_activation_, settings_.activation, settings_.activation,
                   [&](const auto& activations) {
                     if (reset_after_) {
                       forward_reset_after(u, t, activations);
                     } else {
                       forward_reset_before(u, t, activations);
                     }
                   });
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::forward_reset_after(Unrolled<Scalar>& u, Index t,
                                          const Activations& activations) const {
  const Panels<Scalar> recurrent = u.panels(u.scratch, u.B);  // h R + b
  fill_rows(u.bias ? u.bias + u.N : nullptr, recurrent, Index(0), u.active(t));
  u.add_recurrent_product(t, recurrent, 0, 0, 3);
  u.for_each_vector(t, [&](Index b, Index unit, const auto& gates) {
    using V = typename std::decay_t<decltype(gates)>::Array;
    const Index at = b * u.Hp + unit;
    const auto rec = gates.in(recurrent, b);
    const V z = activations.template gate<V>(gates[kUpdate] + rec[kUpdate]);
    const V r = activations.template gate<V>(gates[kReset] + rec[kReset]);
    const V aux = rec[kCandidate], h = V::Map(u.h_at(t) + at);
    const V g = activations.template cell<V>(gates[kCandidate] + r * aux);
    gates[kUpdate] = z;
    gates[kReset] = r;
    gates[kCandidate] = g;
    V::Map(u.aux_at(t) + at) = aux;
    V::Map(u.h_at(t + 1) + at) = z * h + (Scalar(1) - z) * g;
  });
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::forward_reset_before(Unrolled<Scalar>& u, Index t,
                                           const Activations& activations) const {
  u.add_recurrent_product(t, u.gates(), u.row(t), kUpdate, 2);
  const Scalar* h_seen = candidate_h(u, t);
  u.for_each_vector(t, [&](Index b, Index unit, const auto& gates) {
    using V = typename std::decay_t<decltype(gates)>::Array;
    const Index at = b * u.Hp + unit;
    const V z = activations.template gate<V>(gates[kUpdate]);
    const V r = activations.template gate<V>(gates[kReset]);
    gates[kUpdate] = z;
    gates[kReset] = r;
    V::Map(u.aux_at(t) + at) = r * V::Map(h_seen + at);
  });
  add_product<Scalar>(rows_view<const Scalar>(u.aux_at(t), u.active(t), u.H, u.Hp),
                      u.panels(u.recurrent, u.H), u.gates(), u.row(t), {kCandidate, 1, 3});
  u.for_each_vector(t, [&](Index b, Index unit, const auto& gates) {
    using V = typename std::decay_t<decltype(gates)>::Array;
    const Index at = b * u.Hp + unit;
    const V z = gates[kUpdate], h = V::Map(u.h_at(t) + at);
    const V g = activations.template cell<V>(gates[kCandidate]);
    gates[kCandidate] = g;
    V::Map(u.h_at(t + 1) + at) = z * h + (Scalar(1) - z) * g;
  });
}

// ---- backward: dh comes as dLoss/dh' and goes as dLoss/dh ----

template <class Scalar>
void GRUCell<Scalar>::backward(Unrolled<Scalar>& u, Index t) const {
  with_activations(gate_activation_, settings_.activation, settings_.activation,
                   [&](const auto& activations) {
                     if (reset_after_) {
                       backward_reset_after(u, t, activations);
                     } else {
                       backward_reset_before(u, t, activations);
                     }
                   });
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::backward_reset_after(Unrolled<Scalar>& u, Index t,
                                           const Activations& activations) const {
  const Panels<Scalar> d_recurrent = u.panels(u.d_recurrent_z, u.segment * u.B);
  u.for_each_vector(t, [&](Index b, Index unit, const auto& gates) {
    using V = typename std::decay_t<decltype(gates)>::Array;
    const Index at = b * u.Hp + unit;
    const auto rec = gates.in(d_recurrent, u.row(t) + b);
    const V z = gates[kUpdate], r = gates[kReset], g = gates[kCandidate];
    const V h = V::Map(u.h_at(t) + at), aux = V::Map(u.aux_at(t) + at), dh = V::Map(u.dh + at);
    // h' = z * h + (1 - z) * g
    const V d_z = dh * (h - g) * activations.gate_derivative(z);
    const V d_g = dh * (Scalar(1) - z) * activations.cell_derivative(g);
    // g = tanh(... + r * aux)
    const V d_r = d_g * aux * activations.gate_derivative(r);
    gates[kUpdate] = d_z;
    gates[kReset] = d_r;
    gates[kCandidate] = d_g;
    rec[kUpdate] = d_z;
    rec[kReset] = d_r;
    rec[kCandidate] = d_g * r;
    V::Map(u.dh + at) = dh * z;
  });
  u.add_recurrent_product_back(t, d_recurrent, u.dh, 0, 3);
}

template <class Scalar>
template <class Activations>
void GRUCell<Scalar>::backward_reset_before(Unrolled<Scalar>& u, Index t,
                                            const Activations& activations) const {
  u.for_each_vector(t, [&](Index b, Index unit, const auto& gates) {
    using V = typename std::decay_t<decltype(gates)>::Array;
    const Index at = b * u.Hp + unit;
    const V z = gates[kUpdate], g = gates[kCandidate];
    const V h = V::Map(u.h_at(t) + at), dh = V::Map(u.dh + at);
    // h' = z * h + (1 - z) * g
    gates[kUpdate] = dh * (h - g) * activations.gate_derivative(z);
    gates[kCandidate] = dh * (Scalar(1) - z) * activations.cell_derivative(g);
    V::Map(u.dh + at) = dh * z;
  });
  // g = tanh(... + aux Rh), aux = r * h
  Scalar* d_aux = u.scratch + u.B * u.N;
  std::fill_n(d_aux, u.active(t) * u.Hp, Scalar(0));
  u.recurrent_back.add(u.gates(), u.row(t), rows_view(d_aux, u.active(t), u.H, u.Hp),
                       {kCandidate, 1, 3});
  const Scalar* h_seen = candidate_h(u, t);
  const Scalar* drop = u.h_drop ? u.h_drop + kCandidate * u.B * u.Hp : nullptr;
  u.for_each_vector(t, [&](Index b, Index unit, const auto& gates) {
    using V = typename std::decay_t<decltype(gates)>::Array;
    const Index at = b * u.Hp + unit;
    const V r = gates[kReset], da = V::Map(d_aux + at);
    V d_h = da * r;
    if (drop) d_h *= V::Map(drop + at);
    V::Map(u.dh + at) += d_h;
    gates[kReset] = da * V::Map(h_seen + at) * activations.gate_derivative(r);
  });
  u.add_recurrent_product_back(t, u.gates(), u.dh, kUpdate, 2);
}

template <class Scalar>
void GRUCell<Scalar>::write_weight_gradients(Unrolled<Scalar>& u) const {
  if (reset_after_) {
    const ConstPanels<Scalar> d_recurrent = u.panels(u.d_recurrent_z, u.segment * u.B);
    u.write_recurrent_weight_gradient(d_recurrent, 0, 3);
    if (u.d_bias) column_sums(d_recurrent, u.segment_rows(), {u.d_bias + u.N, u.N}, u.write);
    return;
  }
  u.write_recurrent_weight_gradient(u.gates(), kUpdate, 2);
  u.write_weight_gradient(rows_view<const Scalar>(u.aux, u.segment_rows(), u.H, u.Hp), u.gates(),
                          Index(0), u.panels(u.d_recurrent, u.H), {kCandidate, 1, 3});
}

template <class Scalar>
std::vector<Trace<Scalar>> GRUCell<Scalar>::trace(const Unrolled<Scalar>& u) const {
  return {gate_trace("z", u, kUpdate), gate_trace("r", u, kReset), gate_trace("g", u, kCandidate),
          state_trace("h", u, u.h)};
}

template class GRUCell<float>;
template class GRUCell<double>;
template class Recurrent<float, GRUCell<float>>;
template class Recurrent<double, GRUCell<double>>;

}  // namespace echocell
