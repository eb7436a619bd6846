#include "layers/lstm.hpp"

#include <Eigen/Core>

#include "layers/recurrent_impl.hpp"

namespace echocell {

template <class S>
using Row = Eigen::Map<Eigen::Array<S, Eigen::Dynamic, 1>>;
template <class S>
using ConstRow = Eigen::Map<const Eigen::Array<S, Eigen::Dynamic, 1>>;

template <class S>
LSTMCell<S>::LSTMCell(const LSTMOptions& options)
    : settings_(options),
      gate_activation_(options.recurrent_activation),
      coupled_(options.coupled) {
  const auto has = [&](char gate) { return options.gates.find(gate) != std::string::npos; };
  if (has('i')) i_ = blocks_++;
  if (has('f') && !coupled_) f_ = blocks_++;
  c_ = blocks_++;
  if (has('o')) o_ = blocks_++;
  if (coupled_ && i_ < 0) throw std::invalid_argument("coupled gates need an input gate");
  if (!options.peephole) return;
  if (i_ >= 0) pi_ = peepholes_++;
  if (f_ >= 0) pf_ = peepholes_++;
  if (o_ >= 0) po_ = peepholes_++;
}

template <class S>
void LSTMCell<S>::plan(Unrolled<S>& u, bool training, Workspace& workspace) const {
  u.c = workspace.take<S>((u.T + 1) * u.B * u.H);
  u.aux = workspace.take<S>(u.T * u.B * u.H);
  if (training) u.dc = workspace.take<S>(u.B * u.H);
  u.ones = workspace.take<S>(u.H);
  std::fill(u.ones, u.ones + u.H, S(1));
}

// ---- forward -----------------------------------------------------------------------------------
//
//   i = sigma(x Wi + h Ri + pi * c + bi)        f = sigma(x Wf + h Rf + pf * c + bf)
//   g = tanh (x Wc + h Rc + bc)                 c' = f * c + i * g
//   o = sigma(x Wo + h Ro + po * c' + bo)       h' = o * tanh(c')
//
// gates(t) comes as x W + b.

template <class S>
void LSTMCell<S>::forward(Unrolled<S>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(t), 0, u.n);
  for (Index b = 0; b < u.B; ++b) {
    if (u.valid(t, b)) {
      forward_row(u, t, b);
      continue;
    }
    copy_numbers(u.h_at(t) + b * u.H, u.H, u.h_at(t + 1) + b * u.H);
    copy_numbers(u.c_at(t) + b * u.H, u.H, u.c_at(t + 1) + b * u.H);
    std::fill_n(u.gates(t) + b * u.n * u.H, u.n * u.H, S(0));
  }
}

template <class S>
void LSTMCell<S>::forward_row(const Unrolled<S>& u, Index t, Index b) const {
  const Index H = u.H;
  S* gates = u.gates(t) + b * u.n * H;
  const auto gate = [&](Index block) { return Row<S>(block < 0 ? u.ones : gates + block * H, H); };
  const auto peephole = [&](Index row) { return ConstRow<S>(u.peephole + row * H, H); };
  const auto squash = [&](Activation activation, Index block) {
    if (block >= 0) activate(activation, gates + block * H, H);
  };
  Row<S> i = gate(i_), f = gate(f_), g = gate(c_), o = gate(o_);
  ConstRow<S> c(u.c_at(t) + b * H, H);
  Row<S> c1(u.c_at(t + 1) + b * H, H), h1(u.h_at(t + 1) + b * H, H), s(u.aux_at(t) + b * H, H);

  if (pi_ >= 0) i += peephole(pi_) * c;
  if (pf_ >= 0) f += peephole(pf_) * c;
  squash(gate_activation_, i_);
  squash(gate_activation_, f_);
  squash(settings_.activation, c_);
  if (coupled_) {
    c1 = (S(1) - i) * c + i * g;
  } else {
    c1 = f * c + i * g;
  }
  if (po_ >= 0) o += peephole(po_) * c1;
  squash(gate_activation_, o_);
  s = c1;
  activate(settings_.activation, s.data(), H);
  h1 = o * s;
}

// ---- backward: dh, dc come as dLoss/dh', dLoss/dc' and go as dLoss/dh, dLoss/dc
// ------------------

template <class S>
void LSTMCell<S>::backward(Unrolled<S>& u, Index t) const {
  for (Index b = 0; b < u.B; ++b) {
    if (u.valid(t, b)) {
      backward_row(u, t, b);
      std::fill_n(u.dh + b * u.H, u.H, S(0));
    } else {
      std::fill_n(u.gates(t) + b * u.n * u.H, u.n * u.H, S(0));
    }
  }
  u.add_recurrent_product_back(u.gates(t), u.dh, 0, u.n);
}

template <class S>
void LSTMCell<S>::backward_row(const Unrolled<S>& u, Index t, Index b) const {
  const Index H = u.H;
  S* gates = u.gates(t) + b * u.n * H;
  const auto gate = [&](Index block) { return Row<S>(block < 0 ? u.ones : gates + block * H, H); };
  const auto peephole = [&](Index row) { return ConstRow<S>(u.peephole + row * H, H); };
  Row<S> i = gate(i_), f = gate(f_), g = gate(c_), o = gate(o_);
  ConstRow<S> c(u.c_at(t) + b * H, H), s(u.aux_at(t) + b * H, H), dh(u.dh + b * H, H);
  Row<S> dc(u.dc + b * H, H);
  // Scratch for what the gates turn into: they are still needed while their gradients are made.
  S* dz = u.scratch_row(b);
  const auto d_gate = [&](Index block) { return Row<S>(dz + block * H, H); };
  const auto unsquash = [&](Activation activation, Index block) {
    multiply_by_derivative(activation, gates + block * H, dz + block * H, H);
  };

  // h' = o * tanh(c')
  Row<S> ds(dz + u.n * H, H);
  ds = dh * o;
  multiply_by_derivative(settings_.activation, s.data(), ds.data(), H);
  dc += ds;
  if (o_ >= 0) {
    d_gate(o_) = dh * s;
    unsquash(gate_activation_, o_);
    if (po_ >= 0) dc += d_gate(o_) * peephole(po_);
  }
  // c' = f * c + i * g
  d_gate(c_) = dc * i;
  unsquash(settings_.activation, c_);
  if (i_ >= 0) {
    d_gate(i_) = dc * g;
    if (coupled_) d_gate(i_) -= dc * c;
    unsquash(gate_activation_, i_);
  }
  if (f_ >= 0) {
    d_gate(f_) = dc * c;
    unsquash(gate_activation_, f_);
  }
  if (coupled_) {
    dc *= S(1) - i;
  } else {
    dc *= f;
  }
  if (pi_ >= 0) dc += d_gate(i_) * peephole(pi_);
  if (pf_ >= 0) dc += d_gate(f_) * peephole(pf_);
  copy_numbers(dz, u.n * H, gates);
}

template <class S>
void LSTMCell<S>::add_weight_gradients(Unrolled<S>& u) const {
  u.add_recurrent_weight_gradient(u.z, 0, u.n);
  if (!u.d_peephole) return;
  const Index H = u.H;
  for (Index row = 0; row < u.T * u.B; ++row) {
    const auto dz = [&](Index block) { return ConstRow<S>(u.z + (row * u.n + block) * H, H); };
    const auto dp = [&](Index peephole) { return Row<S>(u.d_peephole + peephole * H, H); };
    ConstRow<S> c(u.c + row * H, H), c1(u.c + (row + u.B) * H, H);
    if (pi_ >= 0) dp(pi_) += dz(i_) * c;
    if (pf_ >= 0) dp(pf_) += dz(f_) * c;
    if (po_ >= 0) dp(po_) += dz(o_) * c1;
  }
}

template <class S>
std::vector<Trace<S>> LSTMCell<S>::trace(const Unrolled<S>& u) const {
  std::vector<Trace<S>> traces;
  const auto add = [&](const char* name, const S* data, Index stride) {
    traces.push_back({name, {data, u.T, u.B, u.H}, stride});
  };
  if (i_ >= 0) add("i", u.z + i_ * u.H, u.n * u.H);
  if (f_ >= 0) add("f", u.z + f_ * u.H, u.n * u.H);
  add("g", u.z + c_ * u.H, u.n * u.H);
  if (o_ >= 0) add("o", u.z + o_ * u.H, u.n * u.H);
  add("c", u.c_at(1), u.H);
  add("h", u.h_at(1), u.H);
  return traces;
}

template class LSTMCell<float>;
template class LSTMCell<double>;
template class Recurrent<float, LSTMCell<float>>;
template class Recurrent<double, LSTMCell<double>>;

}  // namespace echocell
