#include "layers/dense.hpp"

#include "layers/interruptible.hpp"
#include "layers/recurrent/back_product.hpp"
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
  Index rows = 0;       // R
  Scalar* z = nullptr;  // [R, U] in panels: x W + b going forward, dLoss/dz going back
  BackProduct<Scalar> back;
};

template <class Scalar>
std::unique_ptr<Cache> Dense<Scalar>::plan(const Shape& input, Index batch, Use use,
                                           Workspace& workspace) const {
  auto cache = std::make_unique<DenseCache<Scalar>>();
  const Index rows = volume(input) / features_ * batch, cols = padded<Scalar>(options_.units);
  cache->rows = rows;
  cache->z = workspace.take<Scalar>(rows * cols);
  if (use.training) cache->back.plan(features_, cols, rows, workspace);
  return cache;
}

template <class Scalar>
void Dense<Scalar>::forward(const Pass<Scalar>& pass) const {
  const auto& cache = static_cast<const DenseCache<Scalar>&>(*pass.cache);
  const Index rows = cache.rows, units = options_.units;
  const ConstRowsView<Scalar> x = rows_view(pass.input().data, rows, features_);
  const ConstPanels<Scalar> weights = kernel_.panels(pass.parameters);
  const Panels<Scalar> z{cache.z, rows, weights.cols, weights.tile};
  const Scalar* bias = bias_.span(pass.parameters).data;
  in_pieces(pass.interrupt, rows, features_ * units, [&](Index row, Index count) {
    affine<Scalar>(row_range(x, row, count), weights, bias, z, row);
  });
  copy_from_panels<Scalar>(z, rows_view(pass.output.data, rows, units));
  activate_rows(options_.activation, pass.output.data, rows, units);
}

template <class Scalar>
void Dense<Scalar>::backward(const Pass<Scalar>& pass) const {
  auto& cache = static_cast<DenseCache<Scalar>&>(*pass.cache);
  const Index rows = cache.rows, units = options_.units;
  const ConstRowsView<Scalar> x = rows_view(pass.input().data, rows, features_);
  const ConstPanels<Scalar> weights = kernel_.panels(pass.parameters);
  const Panels<Scalar> dz{cache.z, rows, weights.cols, weights.tile};
  const Panels<Scalar> d_kernel = kernel_.panels(pass.gradients);
  activate_rows_backward<Scalar>(options_.activation, pass.output.data, pass.output_gradient.data,
                                 rows, units);
  copy_to_panels<Scalar>(rows_view<const Scalar>(pass.output_gradient.data, rows, units), dz);
  in_pieces(pass.interrupt, rows, features_ * units, [&](Index row, Index count) {
    product_tn<Scalar>(row_range(x, row, count), dz, row, d_kernel,
                       row == 0 ? Write::set : Write::add);
  });
  if (options_.use_bias)
    column_sums<Scalar>(dz, rows, bias_.span(pass.gradients).array(), Write::set);
  if (!pass.wants_input_gradient()) return;
  cache.back.load(weights);
  cache.back.for_each_row(dz, rows, {}, pass.interrupt, [&](Index row, const Scalar* dx) {
    copy_numbers(dx, features_, pass.input_gradient().data + row * features_);
  });
}

template class Dense<float>;
template class Dense<double>;

}  // namespace echocell
