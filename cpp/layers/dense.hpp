// y = f(x W + b) on the last axis of a sample of any rank.
#pragma once

#include "layers/layer_options.hpp"
#include "numerics/activations.hpp"

namespace echocell {

template <class Scalar>
class Dense;

struct DenseOptions : MakesLayer<DenseOptions, Dense> {
  Index units = 0;
  Activation activation = Activation::linear;
  bool use_bias = true;
};

/// Sample (d1, ..., F) -> (d1, ..., units). Parameters: kernel (F, units), bias (units).
template <class Scalar>
class Dense final : public Layer<Scalar> {
 public:
  explicit Dense(const DenseOptions& options) : options_(options) {}

  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  DenseOptions options_;
  Index features_ = 0;  // F; 0 before build()
  Placement kernel_, bias_;
};

}  // namespace echocell
