#include "layers/dropout.hpp"

namespace echocell {
namespace {

// The mask of each row of the batch, one number for each of the sample in the order (t, feature).
// Without a backward pass one row of the mask serves all rows of the batch in turn.
template <class Scalar>
struct DropoutMask : Cache {
  Tensor<Scalar> rows;

  ArrayView<Scalar> row(Index b) const { return rows.row(0, rows.batch == 1 ? 0 : b); }
};

template <class Scalar>
const DropoutMask<Scalar>& mask_of(const Pass<Scalar>& pass) {
  return static_cast<const DropoutMask<Scalar>&>(*pass.cache);
}

// y = x * mask, for row b of the batch.
template <class Scalar>
void apply(const ArrayView<Scalar>& mask, const Tensor<const Scalar>& x, const Tensor<Scalar>& y,
           Index b) {
  y.sample(b) = x.sample(b) * rows_view(mask.data(), x.steps, x.width);
}

}  // namespace

template <class Scalar>
std::unique_ptr<Cache> Dropout<Scalar>::plan(const Shape& input, Index batch, Use use,
                                             Workspace& workspace) const {
  auto mask = std::make_unique<DropoutMask<Scalar>>();
  if (rate_ > 0) mask->rows = workspace.tensor<Scalar>(1, use.training ? batch : 1, volume(input));
  return mask;
}

template <class Scalar>
void Dropout<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Tensor<const Scalar>& x = pass.input();
  if (!drops(pass)) {
    pass.output.array() = x.array();
    return;
  }
  for (Index b = 0; b < x.batch; ++b) {
    const ArrayView<Scalar> mask = mask_of(pass).row(b);
    draw_dropout<Scalar>(pass.random, rate_, pass.row(b), mask);
    apply<Scalar>(mask, x, pass.output, b);
  }
}

template <class Scalar>
void Dropout<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (!pass.wants_input_gradient()) return;
  const Tensor<Scalar>&dx = pass.input_gradient(), &dy = pass.output_gradient;
  if (!drops(pass)) {
    dx.array() = dy.array();
    return;
  }
  for (Index b = 0; b < dy.batch; ++b) apply<Scalar>(mask_of(pass).row(b), dy, dx, b);
}

template class Dropout<float>;
template class Dropout<double>;

}  // namespace echocell
