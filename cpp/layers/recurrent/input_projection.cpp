#include "layers/recurrent/input_projection.hpp"

#include "layers/dropout.hpp"
#include "layers/interruptible.hpp"
#include "numerics/copy.hpp"

namespace echocell {

template <class Scalar>
void InputProjection<Scalar>::plan(const RecurrentExtents& extents, const InputOptions& options,
                                   Use use, Workspace& workspace) {
  extents_ = extents;
  options_ = options;
  const Index T = extents.steps, B = extents.batch, F = extents.features;
  const bool drops = options.dropout > 0;
  if (drops || options.reversed || use.masked) {
    copy_ = workspace.tensor<Scalar>(options.groups * T, B, F);
  }
  if (drops) dropout_ = workspace.tensor<Scalar>(options.groups, B, F);
  if (!options.kernel) return;
  if (!drops && F >= OneHotRows<Scalar>::kFewestFeatures) {
    one_hot_.plan(T * B, use.training, workspace);
  }
  if (use.training) back_.plan(F, extents.columns, T * B, workspace);
}

template <class Scalar>
void InputProjection<Scalar>::load(const Pass<Scalar>& pass, const ValidSteps& valid_steps) {
  const Index T = extents_.steps;
  x_ = pass.input();
  if (dropout_ || options_.reversed || valid_steps.masked()) {
    x_ = copy_;
    if (dropout_ && pass.training) draw_dropout_masks(pass);
    // One row at a time, or where all of a step take part, all of them.
    const auto by_rows = [&](auto tensor) {
      if (!valid_steps.masked()) tensor.width *= std::exchange(tensor.batch, 1);
      return tensor;
    };
    const Tensor<const Scalar> from = by_rows(pass.input());
    const Tensor<Scalar> to = by_rows(copy_), mask = by_rows(dropout_);
    const Index rows = valid_steps.masked() ? valid_steps.start(valid_steps.longest()) : T;
    for (Index group = 0; group < options_.groups; ++group) {
      for (Index r = 0; r < rows; ++r) {
        const auto [t, b] = valid_steps.masked() ? valid_steps.place(r) : ValidSteps::Place{r, 0};
        ArrayView<Scalar> x = to.row(group * T, r);
        if (t == T) {
          x.setZero();
        } else if (dropout_ && pass.training) {
          x = from.row(source(t), b) * mask.row(group, b);
        } else {
          copy_row(from.row(source(t), b), x);
        }
      }
    }
  }
  one_hot_.find(row_range(x_.all_rows(), 0, valid_steps.start(valid_steps.longest())));
}

template <class Scalar>
void InputProjection<Scalar>::draw_dropout_masks(const Pass<Scalar>& pass) const {
  for (Index group = 0; group < options_.groups; ++group) {
    for (Index b = 0; b < extents_.batch; ++b) {
      draw_dropout<Scalar>(pass.random.child(static_cast<std::uint64_t>(group)), options_.dropout,
                           pass.row(b), dropout_.row(group, b));
    }
  }
}

template <class Scalar>
Span<const Scalar> InputProjection<Scalar>::dropout(const Pass<Scalar>& pass, Index group,
                                                    Index b) const {
  if (!dropout_ || !pass.training) return {};
  return {dropout_.row(group, b).data(), extents_.features};
}

template <class Scalar>
ColumnRange InputProjection<Scalar>::blocks_of(Index group) const {
  const Index blocks = extents_.blocks / options_.groups;
  return {group * blocks, blocks, extents_.blocks};
}

template <class Scalar>
void InputProjection<Scalar>::project(const RecurrentWeights<const Scalar>& weights,
                                      const Sequence<Scalar>& sequence,
                                      Interrupt* interrupt) const {
  const Panels<Scalar>& gates = sequence.gates;
  if (one_hot_.found()) {
    fill_rows(weights.bias.data, gates, Index(0), sequence.segment_rows());
    one_hot_.add_product(rows(sequence), sequence.valid_steps.start(sequence.segment.first),
                         weights.kernel, gates);
    return;
  }
  for (Index group = 0; group < options_.groups; ++group) {
    const ConstRowsView<Scalar> x = rows(sequence, group);
    in_pieces(interrupt, x.rows(), x.cols() * gates.cols, [&](Index row, Index count) {
      affine<Scalar>(row_range(x, row, count), weights.kernel, weights.bias.data, gates, row,
                     blocks_of(group));
    });
  }
}

template <class Scalar>
void InputProjection<Scalar>::write_kernel_gradient(const Sequence<Scalar>& sequence,
                                                    const Panels<Scalar>& d_kernel, Write write,
                                                    const Pass<Scalar>& pass) {
  if (one_hot_.found()) {
    const bool whole = extents_.segment >= sequence.valid_steps.longest();
    one_hot_.product_tn(rows(sequence), sequence.valid_steps.start(sequence.segment.first),
                        sequence.gates, d_kernel, write, pass.gradients_kept, whole);
    return;
  }
  one_hot_.forget_last();
  for (Index group = 0; group < options_.groups; ++group) {
    product_tn_in_pieces<Scalar>(pass.interrupt, rows(sequence, group), sequence.gates, 0, d_kernel,
                                 write, blocks_of(group));
  }
}

template <class Scalar>
void InputProjection<Scalar>::write_input_gradient(const Sequence<Scalar>& sequence,
                                                   const Pass<Scalar>& pass) const {
  const ValidSteps& valid_steps = sequence.valid_steps;
  const Index before = valid_steps.start(sequence.segment.first);
  for (Index group = 0; group < options_.groups; ++group) {
    back_.for_each_row(sequence.gates, sequence.segment_rows(), blocks_of(group), pass.interrupt,
                       [&](Index row, const Scalar* gradient) {
                         const auto [t, b] = valid_steps.place(before + row);
                         if (t == extents_.steps) return;
                         const Span<const Scalar> mask = dropout(pass, group, b);
                         ArrayView<Scalar> dx = pass.input_gradient().row(source(t), b);
                         for (Index k = 0; k < dx.size(); ++k) {
                           const Scalar d = mask ? gradient[k] * mask.data[k] : gradient[k];
                           dx[k] = group == 0 ? d : dx[k] + d;
                         }
                       });
  }
}

template class InputProjection<float>;
template class InputProjection<double>;

}  // namespace echocell
