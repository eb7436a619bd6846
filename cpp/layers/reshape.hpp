// The same numbers of every sample, in the same (C) order, under another shape.
#pragma once

#include "layers/layer_options.hpp"

namespace echocell {

/// Copies a batch of samples, number by number in C order of the sample, into a view with other
/// steps. from and to have the same batch and size, and do not overlap.
template <class Scalar>
void copy_samples(Tensor<const Scalar> from, Tensor<Scalar> to);

template <class Scalar>
class Reshape;

struct ReshapeOptions : MakesLayer<ReshapeOptions, Reshape> {
  Shape target_shape;  // of one sample; one entry may be -1: what is left
};

/// Sample of any shape -> target_shape.
template <class Scalar>
class Reshape final : public Layer<Scalar> {
 public:
  /// Throws std::invalid_argument if there is no entry, more than one is -1 or another is below 1.
  explicit Reshape(const ReshapeOptions& options);

  Shape output_shape(const Shape& input) const override;
  TimeFlow time_flow() const override { return TimeFlow::mix; }
  MaskFlow mask_flow() const override { return MaskFlow::drop; }
  bool streamable() const override { return false; }
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  Shape target_;
};

template <class Scalar>
class Flatten;

struct FlattenOptions : MakesLayer<FlattenOptions, Flatten> {
  bool channels_first = false;  // the first axis is that of the channels: it becomes the last
};

/// Sample (d1, ..., dk) -> (d1 * ... * dk), in C order of (d1, ..., dk) or, with channels_first, of
/// (d2, ..., dk, d1).
template <class Scalar>
class Flatten final : public Layer<Scalar> {
 public:
  explicit Flatten(const FlattenOptions& options) : channels_first_(options.channels_first) {}

  Shape output_shape(const Shape& input) const override;
  TimeFlow time_flow() const override { return TimeFlow::mix; }
  MaskFlow mask_flow() const override { return MaskFlow::drop; }
  bool streamable() const override { return false; }
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  bool channels_first_;
};

}  // namespace echocell
