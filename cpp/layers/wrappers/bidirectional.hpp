// Two recurrent layers over the same sequence, from both ends (Schuster & Paliwal 1997).
#pragma once

#include "layers/layer_options.hpp"
#include "numerics/kind_names.hpp"

namespace echocell {

enum class MergeMode { concat, sum, mul, ave };

inline constexpr KindName<MergeMode> kMergeModeNames[] = {{"concat", MergeMode::concat},
                                                          {"sum", MergeMode::sum},
                                                          {"mul", MergeMode::mul},
                                                          {"ave", MergeMode::ave}};

template <class Scalar>
class Bidirectional;

struct BidirectionalOptions : MakesLayer<BidirectionalOptions, Bidirectional> {
  std::shared_ptr<const LayerOptions> forward;   // recurrent
  std::shared_ptr<const LayerOptions> backward;  // likewise, with go_backwards the other way
  MergeMode merge_mode = MergeMode::concat;
};

/// Sample (T, F) -> (T, w) or, without return_sequences, (w): w is the sum of both widths for
/// concat, the width of each otherwise. With return_sequences the backward layer's output is
/// reversed in time before it is merged, and where the input has a mask both outputs are zero at
/// masked steps, as in Keras (which forces zero_output_for_mask).
/// Parameters and states: the forward layer's, then the backward layer's; the names of parameters
/// and traces begin with "forward_" and "backward_". A trace is in the order of processing.
template <class Scalar>
class Bidirectional final : public Layer<Scalar> {
 public:
  /// Throws std::invalid_argument if one layer is not recurrent or the two do not fit each other.
  explicit Bidirectional(const BidirectionalOptions& options);

  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  TimeFlow time_flow() const override { return forward_->time_flow(); }
  MaskFlow mask_flow() const override { return forward_->mask_flow(); }
  std::vector<Index> state_widths() const override;
  bool stateful() const override { return forward_->stateful(); }
  bool streamable() const override { return false; }
  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;
  std::vector<Trace<Scalar>> trace(const Pass<Scalar>& pass) const override;

 private:
  bool masks_output(const Pass<Scalar>& pass, Index t, Index b) const;
  void merge(const Pass<Scalar>& pass) const;
  void split_gradient(const Pass<Scalar>& pass) const;

  std::unique_ptr<Layer<Scalar>> forward_, backward_;
  MergeMode merge_mode_;
  bool return_sequences_ = false;
  bool reversed_ = false;  // the forward layer is the one that goes backwards
};

}  // namespace echocell
