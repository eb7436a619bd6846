#include "layers/masking.hpp"

#include <algorithm>

#include "layers/last_axis.hpp"

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
bool Masking<Scalar>::counts(const Scalar* x, Index cols) const {
  return std::any_of(x, x + cols, [this](Scalar number) { return number != value_; });
}

template <class Scalar>
void Masking<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Tensor<const Scalar>& x = pass.input();
  const Index cols = LastAxis::cols_of(pass);
  for (Index row = 0; row < x.rows(); ++row) {
    bool any = false;
    for (Index j = row * x.width; j < (row + 1) * x.width; j += cols) {
      const bool keep = counts(x.data + j, cols);
      for (Index k = j; k < j + cols; ++k) pass.output.data[k] = keep ? x.data[k] : Scalar(0);
      if (pass.output_mask.inner) pass.output_mask.inner[j / cols] = keep ? 1 : 0;
      any = any || keep;
    }
    if (pass.output_mask) pass.output_mask.data[row] = any ? 1 : 0;
  }
}

template <class Scalar>
void Masking<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (!pass.wants_input_gradient()) return;
  const Tensor<const Scalar>& x = pass.input();
  const Index cols = LastAxis::cols_of(pass);
  for (Index j = 0; j < x.size(); j += cols) {
    const bool keep = counts(x.data + j, cols);
    for (Index k = j; k < j + cols; ++k) {
      pass.input_gradient().data[k] = keep ? pass.output_gradient.data[k] : Scalar(0);
    }
  }
}

template class Masking<float>;
template class Masking<double>;

}  // namespace echocell
