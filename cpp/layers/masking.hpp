// Marks the steps that are padding.
#pragma once

#include "layers/layer_options.hpp"

namespace echocell {

template <class S>
class Masking;

struct MaskingOptions : MakesLayer<MaskingOptions, Masking> {
  double mask_value = 0;
};

/// Sample (T, ..., F). A row along the last axis whose numbers all equal mask_value becomes zero;
/// a step all of whose rows do is masked. A mask that comes in is replaced, as in Keras.
template <class S>
class Masking final : public Layer<S> {
 public:
  explicit Masking(const MaskingOptions& options) : value_(static_cast<S>(options.mask_value)) {}

  Shape output_shape(const Shape& input) const override;
  MaskFlow mask_flow() const override { return MaskFlow::create; }
  std::optional<S> mask_value() const override { return value_; }
  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  /// Where output_mask is null it is not wanted.
  void forward(const Pass<S>& pass) const override;
  void backward(const Pass<S>& pass) const override;

 private:
  bool counts(const S* x, Index cols) const;
  S value_;
};

}  // namespace echocell
