#include "layers/masking.hpp"

#include "layers/last_axis.hpp"
#include "numerics/copy.hpp"

namespace echocell {

template <class Scalar>
Shape Masking<Scalar>::output_shape(const Shape& input) const {
  if (input.empty()) {
    throw std::invalid_argument("Masking: expected an input of at least 2 axes, received " +
                                to_string(input));
  }
  return input;
}

template <class Scalar>
std::unique_ptr<Cache> Masking<Scalar>::plan(const Shape& input, Index, Use, Workspace&) const {
  return std::make_unique<LastAxis>(input);
}

template <class Scalar>
void Masking<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Index cols = LastAxis::cols_of(pass);
  const ConstRowsView<Scalar> x = pass.input().rows_of(cols);
  RowsView<Scalar> y = pass.output.rows_of(cols);
  const Mask& mask = pass.output_mask;
  const Index steps = pass.input().rows(), parts = steps == 0 ? 0 : x.rows() / steps;
  for (Index step = 0, row = 0; step < steps; ++step) {
    bool any = false;
    for (Index part = 0; part < parts; ++part, ++row) {
      const bool keep = (x.row(row) != value_).any();
      copy_row_or_zero(keep, x.row(row), y.row(row));
      if (mask.inner) mask.inner[row] = keep ? 1 : 0;
      any = any || keep;
    }
    if (mask) mask.data[step] = any ? 1 : 0;
  }
}

template <class Scalar>
void Masking<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (!pass.wants_input_gradient()) return;
  const Index cols = LastAxis::cols_of(pass);
  const ConstRowsView<Scalar> x = pass.input().rows_of(cols);
  const RowsView<Scalar> dy = pass.output_gradient.rows_of(cols);
  RowsView<Scalar> dx = pass.input_gradient().rows_of(cols);
  for (Index row = 0; row < x.rows(); ++row) {
    copy_row_or_zero((x.row(row) != value_).any(), dy.row(row), dx.row(row));
  }
}

template class Masking<float>;
template class Masking<double>;

}  // namespace echocell
