#include "layers/gru.hpp"

#include <Eigen/Core>

#include "layers/recurrent_impl.hpp"

namespace echocell {
namespace {

template <class S>
using Row = Eigen::Map<Eigen::Array<S, Eigen::Dynamic, 1>>;
template <class S>
using ConstRow = Eigen::Map<const Eigen::Array<S, Eigen::Dynamic, 1>>;

/// The views of row b at step t that both directions read.
template <class S>
struct GRURow {
  Row<S> z, r, g;  // gates(t): update, reset, candidate
  ConstRow<S> h;   // h(t)
  Row<S> h1, aux;  // h(t+1); the recurrent part of the candidate

  GRURow(const Unrolled<S>& u, Index t, Index b)
      : z(u.gates(t) + b * 3 * u.H, u.H),
        r(u.gates(t) + (b * 3 + 1) * u.H, u.H),
        g(u.gates(t) + (b * 3 + 2) * u.H, u.H),
        h(u.h_at(t) + b * u.H, u.H),
        h1(u.h_at(t + 1) + b * u.H, u.H),
        aux(u.aux_at(t) + b * u.H, u.H) {}
};

template <class S>
void skip_row_forward(const Unrolled<S>& u, Index t, Index b) {
  copy_numbers(u.h_at(t) + b * u.H, u.H, u.h_at(t + 1) + b * u.H);
  std::fill_n(u.gates(t) + b * 3 * u.H, 3 * u.H, S(0));
  std::fill_n(u.aux_at(t) + b * u.H, u.H, S(0));
}

/// h(t-1), or what dropout leaves of it, as the candidate's product sees it.
template <class S>
const S* candidate_h(const Unrolled<S>& u, Index t) {
  return u.h_drop ? u.masked_h(2, t) : u.h_at(t);
}

}  // namespace

template <class S>
GRUCell<S>::GRUCell(const GRUOptions& options)
    : settings_(options),
      gate_activation_(options.recurrent_activation),
      reset_after_(options.reset_after) {}

template <class S>
void GRUCell<S>::plan(Unrolled<S>& u, bool training, Workspace& workspace) const {
  u.aux = workspace.take<S>(u.T * u.B * u.H);
  if (training && reset_after_) u.d_recurrent_z = workspace.take<S>(u.T * u.B * 3 * u.H);
}

// ---- forward -----------------------------------------------------------------------------------
//
//   z = sigma(x Wz + h Rz + bz)     r = sigma(x Wr + h Rr + br)     h' = z * h + (1 - z) * g
//   g = tanh(x Wh + bh + r * (h Rh + rh))   reset after
//   g = tanh(x Wh + bh + (r * h) Rh)        reset before
//
// gates(t) comes as x W + b.

template <class S>
void GRUCell<S>::forward(Unrolled<S>& u, Index t) const {
  if (reset_after_) {
    forward_reset_after(u, t);
  } else {
    forward_reset_before(u, t);
  }
}

template <class S>
void GRUCell<S>::forward_reset_after(Unrolled<S>& u, Index t) const {
  const Index H = u.H;
  fill_rows<S>(u.bias ? u.bias + 3 * H : nullptr, {u.scratch, u.B, 3 * H});
  u.add_recurrent_product(t, u.scratch, 0, 3);
  for (Index b = 0; b < u.B; ++b) {
    if (!u.valid(t, b)) {
      skip_row_forward(u, t, b);
      continue;
    }
    GRURow<S> row(u, t, b);
    const S* recurrent = u.scratch + b * 3 * H;
    row.z += ConstRow<S>(recurrent, H);
    row.r += ConstRow<S>(recurrent + H, H);
    row.aux = ConstRow<S>(recurrent + 2 * H, H);
    activate(gate_activation_, row.z.data(), 2 * H);
    row.g += row.r * row.aux;
    activate(settings_.activation, row.g.data(), H);
    row.h1 = row.z * row.h + (S(1) - row.z) * row.g;
  }
}

template <class S>
void GRUCell<S>::forward_reset_before(Unrolled<S>& u, Index t) const {
  const Index H = u.H;
  u.add_recurrent_product(t, u.gates(t), 0, 2);
  for (Index b = 0; b < u.B; ++b) {
    GRURow<S> row(u, t, b);
    activate(gate_activation_, row.z.data(), 2 * H);
    row.aux = row.r * ConstRow<S>(candidate_h(u, t) + b * H, H);
  }
  add_product<S>({u.aux_at(t), u.B, H}, u.blocks(u.recurrent, H, 2, 1),
                 u.blocks(u.gates(t), u.B, 2, 1));
  for (Index b = 0; b < u.B; ++b) {
    if (!u.valid(t, b)) {
      skip_row_forward(u, t, b);
      continue;
    }
    GRURow<S> row(u, t, b);
    activate(settings_.activation, row.g.data(), H);
    row.h1 = row.z * row.h + (S(1) - row.z) * row.g;
  }
}

// ---- backward: dh comes as dLoss/dh' and goes as dLoss/dh
// ----------------------------------------

template <class S>
void GRUCell<S>::backward(Unrolled<S>& u, Index t) const {
  if (reset_after_) {
    backward_reset_after(u, t);
  } else {
    backward_reset_before(u, t);
  }
}

template <class S>
void GRUCell<S>::backward_reset_after(Unrolled<S>& u, Index t) const {
  const Index H = u.H;
  S* d_recurrent = u.d_recurrent_z + t * u.B * 3 * H;
  for (Index b = 0; b < u.B; ++b) {
    GRURow<S> row(u, t, b);
    S* dz = u.gates(t) + b * 3 * H;
    S* dr = d_recurrent + b * 3 * H;
    if (!u.valid(t, b)) {
      std::fill_n(dz, 3 * H, S(0));
      std::fill_n(dr, 3 * H, S(0));
      continue;
    }
    Row<S> dh(u.dh + b * H, H), d_update(dr, H), d_reset(dr + H, H), d_candidate(dr + 2 * H, H);
    // h' = z * h + (1 - z) * g
    d_update = dh * (row.h - row.g);
    d_candidate = dh * (S(1) - row.z);
    dh *= row.z;
    // g = tanh(... + r * aux)
    multiply_by_derivative(settings_.activation, row.g.data(), d_candidate.data(), H);
    d_reset = d_candidate * row.aux;
    multiply_by_derivative(gate_activation_, row.z.data(), dr, 2 * H);
    const Row<S> r = row.r;
    row.g = d_candidate;
    d_candidate *= r;
    copy_numbers(dr, 2 * H, dz);
  }
  u.add_recurrent_product_back(d_recurrent, u.dh, 0, 3);
}

template <class S>
void GRUCell<S>::backward_reset_before(Unrolled<S>& u, Index t) const {
  const Index H = u.H;
  // scratch row b: the gradient of the update and of the reset gate, and d aux.
  S* d_aux = u.scratch + u.B * 2 * H;
  for (Index b = 0; b < u.B; ++b) {
    GRURow<S> row(u, t, b);
    if (!u.valid(t, b)) {
      std::fill_n(u.gates(t) + b * 3 * H, 3 * H, S(0));
      continue;
    }
    Row<S> dh(u.dh + b * H, H), d_update(u.scratch + b * 2 * H, H);
    Row<S> d_candidate(u.scratch + (b * 2 + 1) * H, H);
    d_update = dh * (row.h - row.g);
    d_candidate = dh * (S(1) - row.z);
    dh *= row.z;
    multiply_by_derivative(settings_.activation, row.g.data(), d_candidate.data(), H);
    row.g = d_candidate;
    multiply_by_derivative(gate_activation_, row.z.data(), d_update.data(), H);
    row.z = d_update;
  }
  // g = tanh(... + aux Rh), aux = r * h
  multiply_nt<S>(u.blocks(static_cast<const S*>(u.gates(t)), u.B, 2, 1),
                 u.blocks(u.recurrent, H, 2, 1), {d_aux, u.B, H});
  const S* h_seen = candidate_h(u, t);
  for (Index b = 0; b < u.B; ++b) {
    if (!u.valid(t, b)) continue;
    GRURow<S> row(u, t, b);
    Row<S> dh(u.dh + b * H, H), da(d_aux + b * H, H), d_reset(u.scratch + b * H, H);
    d_reset = da * ConstRow<S>(h_seen + b * H, H);
    multiply_by_derivative(gate_activation_, row.r.data(), d_reset.data(), H);
    da *= row.r;
    if (u.h_drop) da *= ConstRow<S>(u.h_drop + (2 * u.B + b) * H, H);
    dh += da;
    row.r = d_reset;
  }
  u.add_recurrent_product_back(u.gates(t), u.dh, 0, 2);
}

template <class S>
void GRUCell<S>::add_weight_gradients(Unrolled<S>& u) const {
  if (reset_after_) {
    u.add_recurrent_weight_gradient(u.d_recurrent_z, 0, 3);
    if (u.d_bias) add_column_sums<S>({u.d_recurrent_z, u.T * u.B, 3 * u.H}, u.d_bias + 3 * u.H);
    return;
  }
  u.add_recurrent_weight_gradient(u.z, 0, 2);
  u.add_product_tn_in_pieces({u.aux, u.T * u.B, u.H},
                             u.blocks(static_cast<const S*>(u.z), u.T * u.B, 2, 1),
                             u.blocks(u.d_recurrent, u.H, 2, 1));
}

template <class S>
std::vector<Trace<S>> GRUCell<S>::trace(const Unrolled<S>& u) const {
  const auto gate = [&](const char* name, Index block) {
    return Trace<S>{name, {u.z + block * u.H, u.T, u.B, u.H}, 3 * u.H};
  };
  return {gate("z", 0), gate("r", 1), gate("g", 2), {"h", {u.h_at(1), u.T, u.B, u.H}, u.H}};
}

template class GRUCell<float>;
template class GRUCell<double>;
template class Recurrent<float, GRUCell<float>>;
template class Recurrent<double, GRUCell<double>>;

}  // namespace echocell
