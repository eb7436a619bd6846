// Dropout (Srivastava et al. 2014), scaled while training.
#pragma once

#include "layers/layer_options.hpp"
#include "numerics/random.hpp"

namespace echocell {

/// Fills a mask with Bernoulli numbers: 0 with probability rate, else 1 / (1 - rate), so that the
/// expectation is kept. Element k of row `row` is the same however the batch is sliced.
template <class Scalar>
void draw_dropout(Random random, double rate, Index row, ArrayView<Scalar> mask) {
  const Random stream = random.child(static_cast<std::uint64_t>(row));
  const Scalar scale = static_cast<Scalar>(1.0 / (1.0 - rate));
  for (Index k = 0; k < mask.size(); ++k) {
    mask[k] = stream.uniform(static_cast<std::uint64_t>(k)) < rate ? Scalar(0) : scale;
  }
}

template <class Scalar>
class Dropout;

struct DropoutOptions : MakesLayer<DropoutOptions, Dropout> {
  double rate = 0;  // in [0, 1]
};

/// Any sample. In training every number is zeroed with probability rate and otherwise multiplied
/// by 1 / (1 - rate); outside training nothing changes.
template <class Scalar>
class Dropout final : public Layer<Scalar> {
 public:
  explicit Dropout(const DropoutOptions& options) : rate_(options.rate) {}

  Shape output_shape(const Shape& input) const override { return input; }
  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  bool drops(const Pass<Scalar>& pass) const { return pass.training && rate_ > 0; }
  double rate_;
};

}  // namespace echocell
