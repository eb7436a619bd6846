#include "layers/activation.hpp"

#include "layers/last_axis.hpp"

namespace echocell {

template <class Scalar>
Shape ActivationLayer<Scalar>::output_shape(const Shape& input) const {
  if (input.empty()) {
    throw std::invalid_argument("Activation: expected an input of at least 2 axes, received " +
                                to_string(input));
  }
  return input;
}

template <class Scalar>
std::unique_ptr<Cache> ActivationLayer<Scalar>::plan(const Shape& input, Index, Use,
                                                     Workspace&) const {
  return std::make_unique<LastAxis>(input);
}

template <class Scalar>
void ActivationLayer<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Tensor<const Scalar>& x = pass.input();
  const Index cols = LastAxis::cols_of(pass);
  pass.output.array() = x.array();
  if (cols > 0) activate<Scalar>(activation_, pass.output.rows_of(cols));
}

template <class Scalar>
void ActivationLayer<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (!pass.wants_input_gradient()) return;
  const Tensor<Scalar>& dx = pass.input_gradient();
  const Index cols = LastAxis::cols_of(pass);
  dx.array() = pass.output_gradient.array();
  if (cols > 0) {
    const Tensor<const Scalar> y = pass.output;
    multiply_by_derivative<Scalar>(activation_, y.rows_of(cols), dx.rows_of(cols));
  }
}

template class ActivationLayer<float>;
template class ActivationLayer<double>;

}  // namespace echocell
