#include "layers/dense.hpp"

#include "layers/back_product.hpp"
#include "layers/interruptible.hpp"
#include "numerics/copy.hpp"
#include "numerics/panels.hpp"

namespace echocell {

template <class S>
void Dense<S>::build(const Shape& input) {
  if (input.empty() || input.back() < 1) {
    throw std::invalid_argument("Dense: expected an input whose last axis is known, received " +
                                to_string(input));
  }
  features_ = input.back();
  this->parameters_.clear();
  kernel_ = this->add_parameter("kernel", {features_, options_.units},
                                packing<S>(1, features_, 1, options_.units, true));
  if (options_.use_bias) {
    bias_ =
        this->add_parameter("bias", {options_.units}, packing<S>(1, 1, 1, options_.units, true));
  }
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

// Legend: R rows (batch, and all axes but the last), F features, U units, padded to whole vectors.
template <class S>
struct DenseCache : Cache {
  Index rows = 0;  // R
  S* z = nullptr;  // [R, U] in panels: x W + b going forward, dLoss/dz going back
  BackProduct<S> back;
};

template <class S>
std::unique_ptr<Cache> Dense<S>::plan(const Shape& input, Index batch, Use use,
                                      Workspace& workspace) const {
  auto cache = std::make_unique<DenseCache<S>>();
  const Index rows = volume(input) / features_ * batch, cols = padded<S>(options_.units);
  cache->rows = rows;
  cache->z = workspace.take<S>(rows * cols);
  if (use.training) cache->back.plan(features_, cols, rows, workspace);
  return cache;
}

template <class S>
ConstPanels<S> Dense<S>::kernel(const S* parameters) const {
  return {parameters + kernel_, features_, padded<S>(options_.units), tile_for<S>(1)};
}

template <class S>
void Dense<S>::forward(const Pass<S>& pass) const {
  const auto& cache = static_cast<const DenseCache<S>&>(*pass.cache);
  const Index rows = cache.rows, units = options_.units;
  const ConstRowsView<S> x = rows_view(pass.input().data, rows, features_);
  const ConstPanels<S> weights = kernel(pass.parameters);
  const Panels<S> z{cache.z, rows, weights.cols, weights.tile};
  const S* bias = options_.use_bias ? pass.parameters + bias_ : nullptr;
  in_pieces(pass.interrupt, rows, features_ * units, [&](Index row, Index count) {
    affine<S>(row_range(x, row, count), weights, bias, z, row);
  });
  copy_from_panels<S>(z, rows_view(pass.output.data, rows, units));
  activate_rows(options_.activation, pass.output.data, rows, units);
}

template <class S>
void Dense<S>::backward(const Pass<S>& pass) const {
  auto& cache = static_cast<DenseCache<S>&>(*pass.cache);
  const Index rows = cache.rows, units = options_.units;
  const ConstRowsView<S> x = rows_view(pass.input().data, rows, features_);
  const ConstPanels<S> weights = kernel(pass.parameters);
  const Panels<S> dz{cache.z, rows, weights.cols, weights.tile};
  const Panels<S> d_kernel{pass.gradients + kernel_, features_, weights.cols, weights.tile};
  activate_rows_backward<S>(options_.activation, pass.output.data, pass.output_gradient.data, rows,
                            units);
  copy_to_panels<S>(rows_view<const S>(pass.output_gradient.data, rows, units), dz);
  in_pieces(pass.interrupt, rows, features_ * units, [&](Index row, Index count) {
    product_tn<S>(row_range(x, row, count), dz, row, d_kernel, row == 0 ? Write::set : Write::add);
  });
  if (options_.use_bias) column_sums<S>(dz, rows, {pass.gradients + bias_, dz.cols}, Write::set);
  if (!pass.wants_input_gradient()) return;
  cache.back.load(weights);
  cache.back.for_each_row(dz, rows, {}, pass.interrupt, [&](Index row, const S* dx) {
    copy_numbers(dx, features_, pass.input_gradient().data + row * features_);
  });
}

template class Dense<float>;
template class Dense<double>;

}  // namespace echocell
