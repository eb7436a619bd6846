#include "layers/recurrent/simple_rnn.hpp"

#include "layers/recurrent/cell_activations.hpp"
#include "layers/recurrent/trace.hpp"
#include "layers/recurrent/walk_steps.hpp"

namespace echocell {

template <class Scalar>
SimpleRNNCell<Scalar>::SimpleRNNCell(const SimpleRNNOptions& options)
    : RecurrentCell<SimpleRNNCell, Scalar>(options) {}

// h' = tanh(x W + h R + b); the gates come as x W + b.
template <class Scalar>
void SimpleRNNCell<Scalar>::forward(Recurrence<Scalar>& walk, Index t) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  walk.add_recurrent_product(t, sequence.gates, sequence.row(t), walk.all_blocks());
  const RowsView<Scalar> h_after = sequence.h(t + 1);
  with_activation(this->settings_.activation, [&](const auto& activations) {
    sequence.for_each_packet(t, [&](const auto& units, const auto& z) ECHOCELL_ALWAYS_INLINE {
      using V = VectorOf<decltype(units)>;
      const V h1 = activations.template cell<V>(z[0]);

      z[0] = h1;
      units.of(h_after) = h1;
    });
  });
}

template <class Scalar>
void SimpleRNNCell<Scalar>::backward(Recurrence<Scalar>& walk, Index t) const {
  const Sequence<Scalar>& sequence = walk.sequence;
  const RowsView<Scalar> dh_rows = sequence.dh.step(0);
  with_activation(this->settings_.activation, [&](const auto& activations) {
    sequence.for_each_packet(t, [&](const auto& units, const auto& z) ECHOCELL_ALWAYS_INLINE {
      using V = VectorOf<decltype(units)>;
      const V dh1 = units.of(dh_rows);
      const V dz = dh1 * activations.template cell_derivative<V>(z[0]);

      z[0] = dz;
      units.of(dh_rows).setZero();
    });
  });
  walk.add_recurrent_product_back(t, sequence.gates, dh_rows, walk.all_blocks());
}

template <class Scalar>
void SimpleRNNCell<Scalar>::write_weight_gradients(Recurrence<Scalar>& walk) const {
  walk.write_recurrent_kernel_gradient(walk.sequence.gates, walk.all_blocks());
}

template <class Scalar>
std::vector<Trace<Scalar>> SimpleRNNCell<Scalar>::trace(const Recurrence<Scalar>& walk) const {
  return {state_trace("h", walk, &Sequence<Scalar>::h)};
}

template class SimpleRNNCell<float>;
template class SimpleRNNCell<double>;
template class Recurrent<float, SimpleRNNCell<float>>;
template class Recurrent<double, SimpleRNNCell<double>>;

}  // namespace echocell
