#include "layers/dense.hpp"

#include "layers/interruptible.hpp"
#include "numerics/gemm.hpp"

namespace echocell {

template <class S>
void Dense<S>::build(const Shape& input) {
  if (input.empty() || input.back() < 1) {
    throw std::invalid_argument("Dense: expected an input whose last axis is known, received " +
                                to_string(input));
  }
  features_ = input.back();
  this->parameters_.clear();
  kernel_ = this->add_parameter("kernel", {features_, options_.units});
  if (options_.use_bias) bias_ = this->add_parameter("bias", {options_.units});
}

template <class S>
Shape Dense<S>::output_shape(const Shape& input) const {
  if (input.empty() || input.back() != features_) {
    throw std::invalid_argument("Dense: expected an input whose last axis is " +
                                std::to_string(features_) + ", received " + to_string(input));
  }
  Shape output = input;
  output.back() = options_.units;
  return output;
}

template <class S>
void Dense<S>::forward(const Pass<S>& pass) const {
  const Index rows = pass.input().size() / features_, units = options_.units;
  const ConstMatrix<S> x(pass.input().data, rows, features_);
  const ConstMatrix<S> kernel(pass.parameters + kernel_, features_, units);
  const Matrix<S> y(pass.output.data, rows, units);
  fill_rows<S>(options_.use_bias ? pass.parameters + bias_ : nullptr, y);
  in_pieces(pass.interrupt, rows, features_ * units, [&](Index row, Index count) {
    add_product<S>(x.row_range(row, count), kernel, y.row_range(row, count));
  });
  activate_rows(options_.activation, y.data, rows, units);
}

template <class S>
void Dense<S>::backward(const Pass<S>& pass) const {
  const Index rows = pass.input().size() / features_, units = options_.units;
  const ConstMatrix<S> x(pass.input().data, rows, features_);
  const ConstMatrix<S> kernel(pass.parameters + kernel_, features_, units);
  const Matrix<S> dz(pass.output_gradient.data, rows, units);  // dLoss/dy until the next line
  activate_rows_backward<S>(options_.activation, pass.output.data, dz.data, rows, units);
  const Matrix<S> d_kernel(pass.gradients + kernel_, features_, units);
  in_pieces(pass.interrupt, rows, features_ * units, [&](Index row, Index count) {
    add_product_tn<S>(x.row_range(row, count), dz.row_range(row, count), d_kernel);
  });
  if (options_.use_bias) add_column_sums<S>(dz, pass.gradients + bias_);
  if (!pass.wants_input_gradient()) return;
  const Matrix<S> dx(pass.input_gradient().data, rows, features_);
  in_pieces(pass.interrupt, rows, features_ * units, [&](Index row, Index count) {
    multiply_nt<S>(dz.row_range(row, count), kernel, dx.row_range(row, count));
  });
}

template class Dense<float>;
template class Dense<double>;

}  // namespace echocell
