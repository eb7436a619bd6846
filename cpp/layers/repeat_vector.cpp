#include "layers/repeat_vector.hpp"

namespace echocell {

template <class Scalar>
Shape RepeatVector<Scalar>::output_shape(const Shape& input) const {
  if (input.size() != 1) {
    throw std::invalid_argument("RepeatVector: expected an input of shape (batch, features), " +
                                std::string("received ") + to_string(input));
  }
  return {n_, input[0]};
}

template <class Scalar>
void RepeatVector<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Tensor<const Scalar>& x = pass.input();
  for (Index t = 0; t < n_; ++t) pass.output.step(t) = x.all_rows();
}

template <class Scalar>
void RepeatVector<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (!pass.wants_input_gradient()) return;
  const Tensor<Scalar>& dx = pass.input_gradient();
  dx.all_rows() = pass.output_gradient.step(0);
  for (Index t = 1; t < n_; ++t) dx.all_rows() += pass.output_gradient.step(t);
}

template class RepeatVector<float>;
template class RepeatVector<double>;

}  // namespace echocell
