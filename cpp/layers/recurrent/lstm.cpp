#include "layers/recurrent/lstm.hpp"

#include "layers/recurrent/cell_activations.hpp"
#include "layers/recurrent/recurrent_backward.hpp"

namespace echocell {

template <class Scalar>
LSTMCell<Scalar>::LSTMCell(const LSTMOptions& options)
    : RecurrentCell(options),
      gate_activation_(options.recurrent_activation),
      output_activation_(options.output_activation),
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

template <class Scalar>
void LSTMCell<Scalar>::plan(Unrolled<Scalar>& u, bool training, Workspace& workspace) const {
  u.plan_cell_states(training, workspace);
}

// ---- forward -----------------------------------------------------------------------------------
//
//   i = sigma(x Wi + h Ri + pi * c + bi)        f = sigma(x Wf + h Rf + pf * c + bf)
//   g = tanh (x Wc + h Rc + bc)                 c' = f * c + i * g
//   o = sigma(x Wo + h Ro + po * c' + bo)       h' = o * out(c')
//
// The gates of step t come as x W + b. An absent gate is 1; coupled, f is 1 - i.

template <class Scalar>
void LSTMCell<Scalar>::forward(Unrolled<Scalar>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(), u.row(t), 0, u.n);
  with_activations(gate_activation_, settings_.activation, output_activation_,
                   [&](const auto& activations) { forward_step(u, t, activations); });
}

template <class Scalar>
template <class Activations>
void LSTMCell<Scalar>::forward_step(Unrolled<Scalar>& u, Index t,
                                    const Activations& activations) const {
  const Scalar* c_now = u.c_at(t);
  Scalar *c_next = u.c_at(t + 1), *h_next = u.h_at(t + 1), *activated_c = u.aux_at(t);

  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    using V = typename std::decay_t<decltype(z)>::Array;
    const Index at = b * u.Hp + unit;
    const auto peephole = [&](Index row) { return V::Map(u.peephole + row * u.Hp + unit); };
    const V c = V::Map(c_now + at);
    V i = V::Ones(), f = V::Ones(), o = V::Ones();
    if (i_ >= 0) {
      i = z[i_];
      if (pi_ >= 0) i += peephole(pi_) * c;
      i = activations.gate(i);
      z[i_] = i;
    }
    if (f_ >= 0) {
      f = z[f_];
      if (pf_ >= 0) f += peephole(pf_) * c;
      f = activations.gate(f);
      z[f_] = f;
    }
    if (coupled_) f = Scalar(1) - i;
    const V g = activations.template cell<V>(z[c_]);
    z[c_] = g;
    const V c1 = f * c + i * g;
    if (o_ >= 0) {
      o = z[o_];
      if (po_ >= 0) o += peephole(po_) * c1;
      o = activations.gate(o);
      z[o_] = o;
    }
    const V out = activations.output(c1);
    V::Map(c_next + at) = c1;
    V::Map(activated_c + at) = out;
    V::Map(h_next + at) = o * out;
  });
}

// ---- backward: dh, dc come as dLoss/dh', dLoss/dc' and go as dLoss/dh, dLoss/dc ----

template <class Scalar>
void LSTMCell<Scalar>::backward(Unrolled<Scalar>& u, Index t) const {
  with_activations(gate_activation_, settings_.activation, output_activation_,
                   [&](const auto& activations) { backward_step(u, t, activations); });
  u.add_recurrent_product_back(t, u.gates(), u.dh, 0, u.n);
}

template <class Scalar>
template <class Activations>
void LSTMCell<Scalar>::backward_step(Unrolled<Scalar>& u, Index t,
                                     const Activations& activations) const {
  const Scalar *c_now = u.c_at(t), *activated_c = u.aux_at(t);

  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    using V = typename std::decay_t<decltype(z)>::Array;
    const Index at = b * u.Hp + unit;
    const auto peephole = [&](Index row) { return V::Map(u.peephole + row * u.Hp + unit); };
    const V c = V::Map(c_now + at), out = V::Map(activated_c + at), dh = V::Map(u.dh + at);
    const V g = z[c_];
    V i = V::Ones(), f = V::Ones(), o = V::Ones();
    if (i_ >= 0) i = z[i_];
    if (f_ >= 0) f = z[f_];
    if (coupled_) f = Scalar(1) - i;
    if (o_ >= 0) o = z[o_];
    V dc = V::Map(u.dc + at);
    // h' = o * out(c')
    dc += dh * o * activations.output_derivative(out);
    if (o_ >= 0) {
      const V d_o = dh * out * activations.gate_derivative(o);
      z[o_] = d_o;
      if (po_ >= 0) dc += d_o * peephole(po_);
    }
    // c' = f * c + i * g
    V dc_now = dc * f;
    z[c_] = dc * i * activations.cell_derivative(g);
    if (i_ >= 0) {
      V d_i = dc * g;
      if (coupled_) d_i -= dc * c;
      d_i *= activations.gate_derivative(i);
      z[i_] = d_i;
      if (pi_ >= 0) dc_now += d_i * peephole(pi_);
    }
    if (f_ >= 0) {
      const V d_f = dc * c * activations.gate_derivative(f);
      z[f_] = d_f;
      if (pf_ >= 0) dc_now += d_f * peephole(pf_);
    }
    V::Map(u.dc + at) = dc_now;
    V::Map(u.dh + at).setZero();
  });
}

template <class Scalar>
void LSTMCell<Scalar>::write_weight_gradients(Unrolled<Scalar>& u) const {
  u.write_recurrent_weight_gradient(u.gates(), 0, u.n);
  if (!u.d_peephole) return;
  if (u.write == Write::set) std::fill_n(u.d_peephole, peepholes_ * u.Hp, Scalar(0));
  for (Index t = u.first; t < u.first + u.steps; ++t) {
    u.for_each_vector(t, [&](Index b, Index unit, const auto& dz) {
      using V = typename std::decay_t<decltype(dz)>::Array;
      const auto add = [&](Index peephole, Index block, const Scalar* c) {
        if (peephole < 0) return;
        V::Map(u.d_peephole + peephole * u.Hp + unit) += dz[block] * V::Map(c);
      };
      const Index at = b * u.Hp + unit;
      add(pi_, i_, u.c_at(t) + at);
      add(pf_, f_, u.c_at(t) + at);
      add(po_, o_, u.c_at(t + 1) + at);
    });
  }
}

template <class Scalar>
std::vector<Trace<Scalar>> LSTMCell<Scalar>::trace(const Unrolled<Scalar>& u) const {
  std::vector<Trace<Scalar>> traces;
  if (i_ >= 0) traces.push_back(gate_trace("i", u, i_));
  if (f_ >= 0) traces.push_back(gate_trace("f", u, f_));
  traces.push_back(gate_trace("g", u, c_));
  if (o_ >= 0) traces.push_back(gate_trace("o", u, o_));
  traces.push_back(state_trace("c", u, u.c));
  traces.push_back(state_trace("h", u, u.h));
  return traces;
}

template class LSTMCell<float>;
template class LSTMCell<double>;
template class Recurrent<float, LSTMCell<float>>;
template class Recurrent<double, LSTMCell<double>>;

}  // namespace echocell
