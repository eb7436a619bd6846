// The same vector at every time step.
#pragma once

#include "layers/layer_options.hpp"

namespace echocell {

template <class Scalar>
class RepeatVector;

struct RepeatVectorOptions : MakesLayer<RepeatVectorOptions, RepeatVector> {
  Index n = 1;
};

/// Sample (F) -> (n, F).
template <class Scalar>
class RepeatVector final : public Layer<Scalar> {
 public:
  explicit RepeatVector(const RepeatVectorOptions& options) : n_(options.n) {}

  Shape output_shape(const Shape& input) const override;
  TimeFlow time_flow() const override { return TimeFlow::mix; }
  MaskFlow mask_flow() const override { return MaskFlow::drop; }
  bool streamable() const override { return false; }
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  Index n_;
};

}  // namespace echocell
