#include "layers/simple_rnn.hpp"

#include "layers/recurrent_backward.hpp"
#include "numerics/squash.hpp"

namespace echocell {

template <class S>
SimpleRNNCell<S>::SimpleRNNCell(const SimpleRNNOptions& options) : RecurrentCell(options) {}

// h' = tanh(x W + h R + b); z comes as x W + b.
template <class S>
void SimpleRNNCell<S>::forward(Unrolled<S>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(), u.row(t), 0, 1);
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    const Index at = b * u.Hp + unit;
    const simd::Vector<S> h = squash<S>(settings_.activation, z.load(0));
    z.store(0, h);
    simd::store(u.h_at(t + 1) + at, h);
  });
}

template <class S>
void SimpleRNNCell<S>::backward(Unrolled<S>& u, Index t) const {
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    const Index at = b * u.Hp + unit;
    z.store(0, simd::load(u.dh + at) * slope<S>(settings_.activation, z.load(0)));
    simd::store(u.dh + at, simd::Vector<S>{});
  });
  u.add_recurrent_product_back(t, u.gates(), u.dh, 0, 1);
}

template <class S>
std::vector<Trace<S>> SimpleRNNCell<S>::trace(const Unrolled<S>& u) const {
  return {state_trace("h", u, u.h)};
}

template class SimpleRNNCell<float>;
template class SimpleRNNCell<double>;
template class Recurrent<float, SimpleRNNCell<float>>;
template class Recurrent<double, SimpleRNNCell<double>>;

}  // namespace echocell
