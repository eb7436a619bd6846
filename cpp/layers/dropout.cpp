#include "layers/dropout.hpp"

#include <algorithm>

namespace echocell {
namespace {

// The mask of row b, one number for each of the sample in the order (t, feature). Without a
// backward pass to come, all rows take turns in the memory of one.
template <class Scalar>
struct DropoutMask : Cache {
  Scalar* data = nullptr;
  Index row_stride = 0;  // 0: one row for all

  Scalar* row(Index b) const { return data + b * row_stride; }
};

// to = from * mask for row b of the batch.
template <class Scalar>
void apply(const Scalar* mask, Tensor<const Scalar> from, Tensor<Scalar> to, Index b) {
  for (Index t = 0; t < from.steps; ++t) {
    const Scalar* factor = mask + t * from.width;
    const Scalar* x = from.row(t, b).data();
    Scalar* y = to.row(t, b).data();
    for (Index j = 0; j < from.width; ++j) y[j] = x[j] * factor[j];
  }
}

}  // namespace

template <class Scalar>
std::unique_ptr<Cache> Dropout<Scalar>::plan(const Shape& input, Index batch, Use use,
                                             Workspace& workspace) const {
  auto mask = std::make_unique<DropoutMask<Scalar>>();
  if (rate_ > 0) {
    mask->row_stride = use.training ? volume(input) : 0;
    mask->data = workspace.take<Scalar>((use.training ? batch : 1) * volume(input));
  }
  return mask;
}

template <class Scalar>
void Dropout<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Tensor<const Scalar>& x = pass.input();
  if (!drops(pass)) {
    std::copy_n(x.data, x.size(), pass.output.data);
    return;
  }
  const auto& mask = static_cast<const DropoutMask<Scalar>&>(*pass.cache);
  for (Index b = 0; b < x.batch; ++b) {
    draw_dropout(pass.random, rate_, pass.row(b), mask.row(b), x.steps * x.width);
    apply<Scalar>(mask.row(b), x, pass.output, b);
  }
}

template <class Scalar>
void Dropout<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (!pass.wants_input_gradient()) return;
  const Tensor<Scalar>& dy = pass.output_gradient;
  if (!drops(pass)) {
    std::copy_n(dy.data, dy.size(), pass.input_gradient().data);
    return;
  }
  const auto& mask = static_cast<const DropoutMask<Scalar>&>(*pass.cache);
  for (Index b = 0; b < dy.batch; ++b) apply<Scalar>(mask.row(b), dy, pass.input_gradient(), b);
}

template class Dropout<float>;
template class Dropout<double>;

}  // namespace echocell
