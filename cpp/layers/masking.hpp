// Masks the steps that are padding.
#pragma once

#include "layers/layer_options.hpp"

namespace echocell {

template <class Scalar>
class Masking;

struct MaskingOptions : MakesLayer<MaskingOptions, Masking> {
  double mask_value = 0;
};

/// Sample (T, ..., F). A row along the last axis whose numbers all equal mask_value becomes zero;
/// a step all of whose rows do is masked. A mask that comes in is replaced, as in Keras.
template <class Scalar>
class Masking final : public Layer<Scalar> {
 public:
  explicit Masking(const MaskingOptions& options)
      : value_(static_cast<Scalar>(options.mask_value)) {}

  Shape output_shape(const Shape& input) const override;
  MaskFlow mask_flow() const override { return MaskFlow::create; }
  std::optional<Scalar> mask_value() const override { return value_; }
  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  /// Where output_mask is null it is not wanted.
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  Scalar value_;
};

}  // namespace echocell
