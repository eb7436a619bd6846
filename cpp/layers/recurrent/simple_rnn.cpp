#include "layers/recurrent/simple_rnn.hpp"

#include "layers/recurrent/recurrent_backward.hpp"
#include "numerics/activation_math.hpp"

namespace echocell {

template <class Scalar>
SimpleRNNCell<Scalar>::SimpleRNNCell(const SimpleRNNOptions& options) : RecurrentCell(options) {}

// h' = tanh(x W + h R + b); z comes as x W + b.
template <class Scalar>
void SimpleRNNCell<Scalar>::forward(Unrolled<Scalar>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(), u.row(t), 0, 1);
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    using V = typename std::decay_t<decltype(z)>::Array;
    const Index at = b * u.Hp + unit;
    const V h = activate<V>(settings_.activation, z[0]);
    z[0] = h;
    V::Map(u.h_at(t + 1) + at) = h;
  });
}

template <class Scalar>
void SimpleRNNCell<Scalar>::backward(Unrolled<Scalar>& u, Index t) const {
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    using V = typename std::decay_t<decltype(z)>::Array;
    const Index at = b * u.Hp + unit;
    const V dh = V::Map(u.dh + at);
    z[0] = dh * derivative<V>(settings_.activation, z[0]);
    V::Map(u.dh + at).setZero();
  });
  u.add_recurrent_product_back(t, u.gates(), u.dh, 0, 1);
}

template <class Scalar>
std::vector<Trace<Scalar>> SimpleRNNCell<Scalar>::trace(const Unrolled<Scalar>& u) const {
  return {state_trace("h", u, u.h)};
}

template class SimpleRNNCell<float>;
template class SimpleRNNCell<double>;
template class Recurrent<float, SimpleRNNCell<float>>;
template class Recurrent<double, SimpleRNNCell<double>>;

}  // namespace echocell
