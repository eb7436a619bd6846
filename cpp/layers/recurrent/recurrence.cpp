#include "layers/recurrent/recurrence.hpp"

#include "layers/interruptible.hpp"

namespace echocell {
namespace {

template <class Work>
void for_each_block(const ColumnRange& blocks, const Work& work) {
  for (Index k = 0; k < blocks.count; ++k) work(ColumnRange{blocks.first + k, 1, blocks.of});
}

}  // namespace

template <class Scalar>
void Recurrence<Scalar>::add_recurrent_product(Index t, const Panels<Scalar>& target, Index row,
                                               const ColumnRange& blocks) const {
  if (t == 0 && starts_from_zero) return;
  const Index rows = sequence.active(t);
  if (!sequence.dropout) {
    const bool odd = (t & 1) != 0;
    add_product(sequence.h_seen(0, t, rows), weights.recurrent_kernel, target, row, blocks,
                odd != last_panel_first);
    return;
  }
  for_each_block(blocks, [&](const ColumnRange& block) {
    add_product(sequence.h_seen(block.first, t, rows), weights.recurrent_kernel, target, row,
                block);
  });
}

template <class Scalar>
void Recurrence<Scalar>::add_recurrent_product_back(Index t, const ConstPanels<Scalar>& gradient,
                                                    RowsView<Scalar> target,
                                                    const ColumnRange& blocks) const {
  if (truncated || (t == 0 && !state_gradient_wanted)) return;
  const Index rows = sequence.active(t);
  if (!sequence.dropout) {
    recurrent_back.add(gradient, sequence.row(t),
                       sequence.template without_padding<Scalar>(target, rows), blocks);
    return;
  }
  for_each_block(blocks, [&](const ColumnRange& block) {
    RowsView<Scalar> product = sequence.scratch_rows(rows);
    product.setZero();
    recurrent_back.add(gradient, sequence.row(t),
                       sequence.template without_padding<Scalar>(product, rows), block);
    rows_view(target.data(), rows, target.cols()) +=
        product * sequence.dropout.step(block.first).topRows(rows);
  });
}

template <class Scalar>
void Recurrence<Scalar>::write_recurrent_kernel_gradient(const ConstPanels<Scalar>& gradient,
                                                         const ColumnRange& blocks) const {
  const WalkSegment& segment = sequence.segment;
  const bool skips_first = segment.first == 0 && segment.steps > 0 && starts_from_zero;
  const Index t = segment.first + (skips_first ? 1 : 0);
  const Index row = sequence.row(t), rows = sequence.segment_rows() - row;
  const auto write_blocks = [&](const ColumnRange& part) {
    product_tn_in_pieces(interrupt, sequence.h_seen(part.first, t, rows), gradient, row,
                         gradients.recurrent_kernel, write, part);
  };
  if (!sequence.dropout) return write_blocks(blocks);
  for_each_block(blocks, write_blocks);
}

template struct Recurrence<float>;
template struct Recurrence<double>;

}  // namespace echocell
