#include "layers/lstm.hpp"

#include "layers/recurrent_backward.hpp"
#include "layers/squashes.hpp"

namespace echocell {

template <class S>
LSTMCell<S>::LSTMCell(const LSTMOptions& options)
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

template <class S>
void LSTMCell<S>::plan(Unrolled<S>& u, bool training, Workspace& workspace) const {
  u.plan_cell_states(training, workspace);
}

// ---- forward -----------------------------------------------------------------------------------
//
//   i = sigma(x Wi + h Ri + pi * c + bi)        f = sigma(x Wf + h Rf + pf * c + bf)
//   g = tanh (x Wc + h Rc + bc)                 c' = f * c + i * g
//   o = sigma(x Wo + h Ro + po * c' + bo)       h' = o * out(c')
//
// The gates of step t come as x W + b. An absent gate is 1; coupled, f is 1 - i.

template <class S>
void LSTMCell<S>::forward(Unrolled<S>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(), u.row(t), 0, u.n);
  with_squash<S>(gate_activation_, settings_.activation, output_activation_,
                 [&](const auto& squash) { forward_step(u, t, squash); });
}

template <class S>
template <class Squash>
void LSTMCell<S>::forward_step(Unrolled<S>& u, Index t, const Squash& squash) const {
  using V = simd::Vector<S>;
  const V one = simd::splat(S(1));
  const S* c_now = u.c_at(t);
  S *c_next = u.c_at(t + 1), *h_next = u.h_at(t + 1), *squashed = u.aux_at(t);

  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    const Index at = b * u.Hp + unit;
    const V c = simd::load(c_now + at);
    const auto peephole = [&](Index row) { return simd::load(u.peephole + row * u.Hp + unit); };
    V i = one, f = one, o = one;
    if (i_ >= 0) {
      i = z.load(i_);
      if (pi_ >= 0) i += peephole(pi_) * c;
      z.store(i_, i = squash.gate(i));
    }
    if (f_ >= 0) {
      f = z.load(f_);
      if (pf_ >= 0) f += peephole(pf_) * c;
      z.store(f_, f = squash.gate(f));
    }
    if (coupled_) f = one - i;
    const V g = squash.cell(z.load(c_));
    z.store(c_, g);
    const V c1 = f * c + i * g;
    if (o_ >= 0) {
      o = z.load(o_);
      if (po_ >= 0) o += peephole(po_) * c1;
      z.store(o_, o = squash.gate(o));
    }
    const V s = squash.output(c1);
    simd::store(c_next + at, c1);
    simd::store(squashed + at, s);
    simd::store(h_next + at, o * s);
  });
}

// ---- backward: dh, dc come as dLoss/dh', dLoss/dc' and go as dLoss/dh, dLoss/dc ----

template <class S>
void LSTMCell<S>::backward(Unrolled<S>& u, Index t) const {
  with_squash<S>(gate_activation_, settings_.activation, output_activation_,
                 [&](const auto& squash) { backward_step(u, t, squash); });
  u.add_recurrent_product_back(t, u.gates(), u.dh, 0, u.n);
}

template <class S>
template <class Squash>
void LSTMCell<S>::backward_step(Unrolled<S>& u, Index t, const Squash& squash) const {
  using V = simd::Vector<S>;
  const V one = simd::splat(S(1));
  const S *c_now = u.c_at(t), *squashed = u.aux_at(t);

  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    const Index at = b * u.Hp + unit;
    const auto peephole = [&](Index row) { return simd::load(u.peephole + row * u.Hp + unit); };
    const auto gate = [&](Index block) { return block < 0 ? one : z.load(block); };
    const V i = gate(i_), g = gate(c_), o = gate(o_), f = coupled_ ? one - i : gate(f_);
    const V c = simd::load(c_now + at), s = simd::load(squashed + at), dh = simd::load(u.dh + at);
    V dc = simd::load(u.dc + at);
    // h' = o * out(c')
    dc += dh * o * squash.output_slope(s);
    if (o_ >= 0) {
      const V d_o = dh * s * squash.gate_slope(o);
      z.store(o_, d_o);
      if (po_ >= 0) dc += d_o * peephole(po_);
    }
    // c' = f * c + i * g
    V dc_now = dc * f;
    z.store(c_, dc * i * squash.cell_slope(g));
    if (i_ >= 0) {
      const V d_i = dc * (coupled_ ? g - c : g) * squash.gate_slope(i);
      z.store(i_, d_i);
      if (pi_ >= 0) dc_now += d_i * peephole(pi_);
    }
    if (f_ >= 0) {
      const V d_f = dc * c * squash.gate_slope(f);
      z.store(f_, d_f);
      if (pf_ >= 0) dc_now += d_f * peephole(pf_);
    }
    simd::store(u.dc + at, dc_now);
    simd::store(u.dh + at, V{});
  });
}

template <class S>
void LSTMCell<S>::write_weight_gradients(Unrolled<S>& u) const {
  u.write_recurrent_weight_gradient(u.gates(), 0, u.n);
  if (!u.d_peephole) return;
  if (u.write == Write::set) std::fill_n(u.d_peephole, peepholes_ * u.Hp, S(0));
  for (Index t = u.first; t < u.first + u.steps; ++t) {
    u.for_each_vector(t, [&](Index b, Index unit, const auto& dz) {
      const auto add = [&](Index peephole, Index block, const S* c) {
        if (peephole < 0) return;
        S* to = u.d_peephole + peephole * u.Hp + unit;
        simd::store(to, simd::load(to) + dz.load(block) * simd::load(c));
      };
      const Index at = b * u.Hp + unit;
      add(pi_, i_, u.c_at(t) + at);
      add(pf_, f_, u.c_at(t) + at);
      add(po_, o_, u.c_at(t + 1) + at);
    });
  }
}

template <class S>
std::vector<Trace<S>> LSTMCell<S>::trace(const Unrolled<S>& u) const {
  std::vector<Trace<S>> traces;
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
