// An activation function as a layer of its own.
#pragma once

#include "layers/layer_options.hpp"
#include "numerics/activations.hpp"

namespace echocell {

template <class Scalar>
class ActivationLayer;

struct ActivationOptions : MakesLayer<ActivationOptions, ActivationLayer> {
  Activation activation = Activation::linear;
};

/// Any sample, changed number by number; softmax over its last axis.
template <class Scalar>
class ActivationLayer final : public Layer<Scalar> {
 public:
  explicit ActivationLayer(const ActivationOptions& options) : activation_(options.activation) {}

  Shape output_shape(const Shape& input) const override;
  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  Activation activation_;
};

}  // namespace echocell
