#include "layers/reshape.hpp"

#include <algorithm>

#include "numerics/copy.hpp"

namespace echocell {
namespace {

bool is_open(const Shape& shape) {
  return std::any_of(shape.begin(), shape.end(), [](Index extent) { return extent < 0; });
}

// "(2, -1)"
std::string target_string(const Shape& shape) {
  std::string text;
  for (Index extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "(" + text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

template <class Scalar>
void copy_samples(Tensor<const Scalar> from, Tensor<Scalar> to) {
  if (from.steps == to.steps) {
    to.array() = from.array();
    return;
  }
  // Runs of numbers that follow one another in both.
  const Index count = from.steps * from.width;
  for (Index b = 0; b < from.batch; ++b) {
    Index run = 0;
    for (Index k = 0; k < count; k += run) {
      const Index from_at = k % from.width, to_at = k % to.width;
      run = std::min(from.width - from_at, to.width - to_at);
      copy_row(from.row(k / from.width, b).segment(from_at, run),
               to.row(k / to.width, b).segment(to_at, run));
    }
  }
}

template <class Scalar>
Reshape<Scalar>::Reshape(const ReshapeOptions& options) : target_(options.target_shape) {
  const auto below_one = [](Index extent) { return extent < 1 && extent != -1; };
  if (target_.empty() || std::count(target_.begin(), target_.end(), -1) > 1 ||
      std::any_of(target_.begin(), target_.end(), below_one)) {
    throw std::invalid_argument(
        "Reshape: expected a target_shape of positive integers, at least one, of which one may be "
        "-1, received " +
        target_string(target_));
  }
}

template <class Scalar>
Shape Reshape<Scalar>::output_shape(const Shape& input) const {
  if (is_open(input)) return target_;  // -1 is an open axis as well
  Index known = 1;
  for (Index extent : target_) known = checked_product(known, extent == -1 ? 1 : extent);
  const Index size = volume(input);
  if (is_open(target_) ? size % known != 0 : size != known) {
    throw std::invalid_argument("Reshape: expected an input that fits target_shape " +
                                target_string(target_) + ", received " + to_string(input));
  }
  Shape output = target_;
  std::replace(output.begin(), output.end(), Index(-1), size / known);
  return output;
}

template <class Scalar>
void Reshape<Scalar>::forward(const Pass<Scalar>& pass) const {
  copy_samples(pass.input(), pass.output);
}

template <class Scalar>
void Reshape<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (pass.wants_input_gradient())
    copy_samples<Scalar>(pass.output_gradient, pass.input_gradient());
}

template <class Scalar>
Shape Flatten<Scalar>::output_shape(const Shape& input) const {
  return {is_open(input) ? kOpen : volume(input)};
}

// With channels_first a flat sample is, row by row, the transpose of the channels.
template <class Scalar>
void Flatten<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Tensor<const Scalar>& x = pass.input();
  const Tensor<Scalar>& y = pass.output;
  if (!channels_first_) return copy_samples(x, y);
  for (Index b = 0; b < x.batch; ++b) {
    rows_view(y.row(0, b).data(), x.width, x.steps) = x.sample(b).transpose();
  }
}

template <class Scalar>
void Flatten<Scalar>::backward(const Pass<Scalar>& pass) const {
  if (!pass.wants_input_gradient()) return;
  const Tensor<Scalar>&dx = pass.input_gradient(), &dy = pass.output_gradient;
  if (!channels_first_) return copy_samples<Scalar>(dy, dx);
  for (Index b = 0; b < dx.batch; ++b) {
    dx.sample(b) = rows_view(dy.row(0, b).data(), dx.width, dx.steps).transpose();
  }
}

template void copy_samples<float>(Tensor<const float>, Tensor<float>);
template void copy_samples<double>(Tensor<const double>, Tensor<double>);
template class Reshape<float>;
template class Reshape<double>;
template class Flatten<float>;
template class Flatten<double>;

}  // namespace echocell
