// Losses, row by row: one number per row of the output, and its gradient. Weights, means over rows
// and the carrying of masks are the network's.
//
// Legend: R rows (samples, or samples times steps), C the width of the output.
#pragma once

#include "numerics/activations.hpp"
#include "numerics/kind_names.hpp"

namespace echocell {

enum class LossKind {
  categorical_crossentropy,
  sparse_categorical_crossentropy,
  binary_crossentropy,
  mean_squared_error,
  mean_absolute_error,
  huber
};

inline constexpr KindName<LossKind> kLossNames[] = {
    {"categorical_crossentropy", LossKind::categorical_crossentropy},
    {"sparse_categorical_crossentropy", LossKind::sparse_categorical_crossentropy},
    {"binary_crossentropy", LossKind::binary_crossentropy},
    {"mean_squared_error", LossKind::mean_squared_error},
    {"mean_absolute_error", LossKind::mean_absolute_error},
    {"huber", LossKind::huber},
};

struct LossOptions {
  LossKind kind = LossKind::mean_squared_error;
  bool from_logits = false;    // the output itself is logits; the three cross-entropies
  double label_smoothing = 0;  // categorical and binary cross-entropy
  double delta = 1;            // huber: where the parabola meets its tangents
};

/// The kind of rows that a loss gets.
enum class OutputKind {
  values,             // the outputs of the network (logits where from_logits says so)
  logits_of_softmax,  // the inputs of the network's last softmax
  logits_of_sigmoid   // the inputs of the network's last sigmoid
};

/// Returns the kind of rows that the loss gets where `last` is the network's last operation. Other
/// than values: the rows before that activation, whose gradient the loss then gives. The
/// softmax or sigmoid and the logarithm of the cross-entropy then cancel, and nothing is clipped.
OutputKind fusable(const LossOptions& options, Activation last);

/// Whether targets are class indices, one per row.
bool sparse_targets(LossKind kind);

/// Numbers per row of the target: 1 for class indices, else the width of the output.
Index target_width(LossKind kind, Index output_width);

/// The class that a target of the sparse losses and metrics says; -1 for a number that is none of
/// 0 .. classes - 1, NaN among them.
template <class Scalar>
Index class_index(Scalar target, Index classes) {
  const bool known = target >= 0 && target < static_cast<Scalar>(classes);
  return known ? static_cast<Index>(target) : -1;
}

/// values [R]: the loss of each row. Keras's: the sum over the last axis for the categorical
/// cross-entropies, else the mean.
/// output [R, C]; target [R, C], or [R, 1] class indices. A class index outside 0 .. C-1 stands for
/// a target of zeros. Finite for all finite inputs; a row that is to count for nothing may hold
/// anything, so leave its value out of the sum rather than multiply it by 0.
template <class Scalar>
void loss_of_rows(const LossOptions& options, OutputKind output_kind,
                  const ConstRowsView<Scalar>& output, const ConstRowsView<Scalar>& target,
                  ArrayView<Scalar> values);

/// The same for rows whose weight is not 0 (values of the others are 0), and gradient [R, C]: scale
/// * weights[r] * d values[r] / d output[r, :]. Rows of weight 0 are exact zeros, whatever they
/// hold. weights [R]. gradient overlaps no input.
template <class Scalar>
void loss_and_gradient_of_rows(const LossOptions& options, OutputKind output_kind,
                               const ConstRowsView<Scalar>& output,
                               const ConstRowsView<Scalar>& target,
                               const ConstArrayView<Scalar>& weights, Scalar scale,
                               ArrayView<Scalar> values, RowsView<Scalar> gradient);

}  // namespace echocell
