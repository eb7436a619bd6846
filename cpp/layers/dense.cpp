#include "layers/dense.hpp"

#include "layers/back_product.hpp"
#include "layers/interruptible.hpp"
#include "numerics/copy.hpp"
#include "numerics/packed_product.hpp"

namespace echocell {

template <class Scalar>
void Dense<Scalar>::build(const Shape& input) {
  if (input.empty() || input.back() < 1) {
    throw std::invalid_argument("Dense: expected an input whose last axis is known, received " +
                                to_string(input));
  }
  features_ = input.back();
  this->parameters_.clear();
  kernel_ = this->add_parameter("kernel", {features_, options_.units},
                                packing<Scalar>(1, features_, 1, options_.units, true));
  if (options_.use_bias) {
    bias_ = this->add_parameter("bias", {options_.units},
                                packing<Scalar>(1, 1, 1, options_.units, true));
  }
}

template <class Scalar>
Shape Dense<Scalar>::output_shape(const Shape& input) const {
  if (input.empty() || input.back() != features_) {
    throw std::invalid_argument("Dense: expected an input whose last axis is " +
                                std::to_string(features_) + ", received " + to_string(input));
  }
  Shape output = input;
  output.back() = options_.units;
  return output;
}

// Legend: R rows (batch, and all axes but the last), F features, U units, padded to whole vectors.
template <class Scalar>
struct DenseCache : Cache {
  Panels<Scalar> z;  // [R, U]: x W + b, and in the backward pass its gradient
  BackProduct<Scalar> back;
};

template <class Scalar>
std::unique_ptr<Cache> Dense<Scalar>::plan(const Shape& input, Index batch, Use use,
                                           Workspace& workspace) const {
  auto cache = std::make_unique<DenseCache<Scalar>>();
  const Index rows = volume(input) / features_ * batch;
  cache->z = {workspace.take<Scalar>(rows * kernel_.cols), rows, kernel_.cols, kernel_.tile};
  if (use.training) cache->back.plan(features_, kernel_.cols, rows, workspace);
  return cache;
}

template <class Scalar>
void Dense<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Panels<Scalar>& z = static_cast<const DenseCache<Scalar>&>(*pass.cache).z;
  const ConstRowsView<Scalar> x = pass.input().rows_of(features_);
  const RowsView<Scalar> y = pass.output.rows_of(options_.units);
  const ConstPanels<Scalar> kernel = kernel_.panels(pass.parameters);
  const Span<const Scalar> bias = bias_.span(pass.parameters);
  in_pieces(pass.interrupt, z.rows, x.cols() * y.cols(), [&](Index row, Index count) {
    affine<Scalar>(row_range(x, row, count), kernel, bias.data, z, row);
  });
  copy_from_panels<Scalar>(z, y);
  activate<Scalar>(options_.activation, y);
}

template <class Scalar>
void Dense<Scalar>::backward(const Pass<Scalar>& pass) const {
  auto& cache = static_cast<DenseCache<Scalar>&>(*pass.cache);
  const Panels<Scalar>& dz = cache.z;
  const ConstRowsView<Scalar> x = pass.input().rows_of(features_);
  const Tensor<const Scalar> y = pass.output, output_gradient = pass.output_gradient;
  const ConstRowsView<Scalar> dy = output_gradient.rows_of(options_.units);
  const Panels<Scalar> d_kernel = kernel_.panels(pass.gradients);
  multiply_by_derivative<Scalar>(options_.activation, y.rows_of(options_.units),
                                 pass.output_gradient.rows_of(options_.units));
  copy_to_panels<Scalar>(dy, dz);
  product_tn_in_pieces<Scalar>(pass.interrupt, x, dz, 0, d_kernel, Write::set);
  if (options_.use_bias) {
    column_sums<Scalar>(dz, dz.rows, bias_.span(pass.gradients).array(), Write::set);
  }
  if (!pass.wants_input_gradient()) return;
  RowsView<Scalar> dx = pass.input_gradient().rows_of(features_);
  cache.back.load(kernel_.panels(pass.parameters));
  cache.back.for_each_row(dz, dz.rows, {}, pass.interrupt, [&](Index row, const Scalar* dx_row) {
    copy_numbers(dx_row, features_, dx.row(row).data());
  });
}

template class Dense<float>;
template class Dense<double>;

}  // namespace echocell
