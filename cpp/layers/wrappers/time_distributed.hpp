// One layer at every time step.
#pragma once

#include "layers/layer_options.hpp"

namespace echocell {

template <class Scalar>
class TimeDistributed;

struct TimeDistributedOptions : MakesLayer<TimeDistributedOptions, TimeDistributed> {
  std::shared_ptr<const LayerOptions> layer;
};

/// Sample (T, rest...) -> (T, inner output...): the inner layer sees T * B samples of shape rest,
/// row t * B + b of them being step t of row b. Parameters: the inner layer's.
/// The inner layer sees what the mask says of its samples: where these have one axis, whether they
/// count; else which of their own steps do. An inner layer that masks its steps masks those of the
/// outer layer that have none left. Behind one that drops its mask, that of the outer steps stays.
/// A stateful inner layer runs step after step, its states carried, and their gradients, from one
/// to the next.
template <class Scalar>
class TimeDistributed final : public Layer<Scalar> {
 public:
  explicit TimeDistributed(const TimeDistributedOptions& options);

  MaskFlow mask_flow() const override;
  std::optional<Scalar> mask_value() const override { return layer_->mask_value(); }
  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  std::vector<Index> state_widths() const override {
    return stateful() ? layer_->state_widths() : std::vector<Index>{};
  }
  bool stateful() const override { return layer_->stateful(); }
  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  std::unique_ptr<Layer<Scalar>> layer_;
};

}  // namespace echocell
