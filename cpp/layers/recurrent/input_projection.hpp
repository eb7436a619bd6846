// The product of a recurrent layer's inputs with its kernel, for all steps at once, and the way
// back.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include "layers/back_product.hpp"
#include "layers/layer.hpp"
#include "layers/recurrent/one_hot_rows.hpp"
#include "layers/recurrent/sequence.hpp"
#include "layers/recurrent/weights.hpp"

namespace echocell {

/// How the inputs reach the gates.
struct InputOptions {
  bool reversed = false;  // from the last step to the first
  bool kernel = true;     // there is one
  double dropout = 0;     // one mask for all steps (Gal & Ghahramani 2016)
  Index groups = 1;       // of blocks of the kernel, each with a dropout mask of its own
};

/// The inputs in processing order, [T, B, F] or what ValidSteps leaves of it.
template <class Scalar>
class InputProjection {
 public:
  void plan(const RecurrentExtents& extents, const InputOptions& options, Use use,
            Workspace& workspace);
  void load(const Pass<Scalar>& pass, const ValidSteps& valid_steps);

  /// The inputs of the segment that is held: [rows, F], of one group of blocks.
  ConstRowsView<Scalar> rows(const Sequence<Scalar>& sequence, Index group = 0) const {
    const Index first = sequence.valid_steps.start(sequence.segment.first);
    return row_range(x_.all_rows(), group * extents_.steps * extents_.batch + first,
                     sequence.segment_rows());
  }
  /// gates = x W + b.
  void project(const RecurrentWeights<const Scalar>& weights, const Sequence<Scalar>& sequence,
               Interrupt* interrupt) const;
  /// d_kernel = or += x^T dgates.
  void write_kernel_gradient(const Sequence<Scalar>& sequence, const Panels<Scalar>& d_kernel,
                             Write write, const Pass<Scalar>& pass);
  /// dx = dgates W^T.
  void load_kernel(const ConstPanels<Scalar>& kernel) { back_.load(kernel); }
  void write_input_gradient(const Sequence<Scalar>& sequence, const Pass<Scalar>& pass) const;

  /// The step of the layer's input that is step t of the walk.
  Index source(Index t) const { return options_.reversed ? extents_.steps - 1 - t : t; }
  /// The dropout mask of a row of the slice; null where nothing is dropped.
  Span<const Scalar> dropout(const Pass<Scalar>& pass, Index group, Index b) const;

 private:
  ColumnRange blocks_of(Index group) const;
  void draw_dropout_masks(const Pass<Scalar>& pass) const;

  RecurrentExtents extents_;
  InputOptions options_;
  Tensor<const Scalar> x_;  // [groups T, B, F]: the layer's input, or copy_
  Tensor<Scalar> copy_;     // holds x where it differs from the layer's input
  Tensor<Scalar> dropout_;  // [groups, B, F], or null: none is ever dropped
  OneHotRows<Scalar> one_hot_;
  BackProduct<Scalar> back_;
};

}  // namespace echocell
