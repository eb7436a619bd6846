#include "layers/simple_rnn.hpp"

#include "layers/recurrent_impl.hpp"

namespace echocell {

template <class S>
SimpleRNNCell<S>::SimpleRNNCell(const SimpleRNNOptions& options) : settings_(options) {}

template <class S>
void SimpleRNNCell<S>::forward(Unrolled<S>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(t), 0, 1);
  for (Index b = 0; b < u.B; ++b) {
    S* z = u.gates(t) + b * u.H;
    S* h1 = u.h_at(t + 1) + b * u.H;
    if (u.valid(t, b)) {
      activate(settings_.activation, z, u.H);
      copy_numbers(z, u.H, h1);
    } else {
      copy_numbers(u.h_at(t) + b * u.H, u.H, h1);
      std::fill_n(z, u.H, S(0));
    }
  }
}

template <class S>
void SimpleRNNCell<S>::backward(Unrolled<S>& u, Index t) const {
  for (Index b = 0; b < u.B; ++b) {
    S* z = u.gates(t) + b * u.H;
    S* dh = u.dh + b * u.H;
    if (u.valid(t, b)) {
      multiply_by_derivative(settings_.activation, z, dh, u.H);
      copy_numbers(dh, u.H, z);
      std::fill_n(dh, u.H, S(0));
    } else {
      std::fill_n(z, u.H, S(0));
    }
  }
  u.add_recurrent_product_back(u.gates(t), u.dh, 0, 1);
}

template class SimpleRNNCell<float>;
template class SimpleRNNCell<double>;
template class Recurrent<float, SimpleRNNCell<float>>;
template class Recurrent<double, SimpleRNNCell<double>>;

}  // namespace echocell
