// A trained vector for each of a range of integers.
#pragma once

#include "layers/layer_options.hpp"

namespace echocell {

template <class Scalar>
class Embedding;

struct EmbeddingOptions : MakesLayer<EmbeddingOptions, Embedding> {
  Index input_dim = 0;   // ids are 0 .. input_dim - 1
  Index output_dim = 0;  // E
  bool mask_zero = false;
};

/// Sample (T) of ids, stored as numbers, -> (T, E); (T, k, ...) -> (T, k, ..., E).
/// Parameter: embeddings (input_dim, E). With mask_zero a step that holds nothing but 0 is masked.
template <class Scalar>
class Embedding final : public Layer<Scalar> {
 public:
  explicit Embedding(const EmbeddingOptions& options) : options_(options) {}

  /// Ids are 0 .. input_dim() - 1.
  Index input_dim() const { return options_.input_dim; }

  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  MaskFlow mask_flow() const override {
    return options_.mask_zero ? MaskFlow::create : MaskFlow::drop;
  }
  std::optional<Scalar> mask_value() const override {
    return options_.mask_zero ? std::optional<Scalar>(0) : std::nullopt;
  }
  /// Throws std::invalid_argument for an id that is not an integer in range; output is then
  /// partly written. Where output_mask is null it is not wanted.
  void forward(const Pass<Scalar>& pass) const override;
  /// The input gradient is zero.
  void backward(const Pass<Scalar>& pass) const override;

 private:
  template <class Visit>
  void for_each_id(const Pass<Scalar>& pass, const Visit& visit) const;
  /// The number as an id; throws as forward() does, naming the row of the batch and the step.
  Index checked_id(Scalar value, Index row, Index step) const;

  EmbeddingOptions options_;
  Placement table_;
};

}  // namespace echocell
