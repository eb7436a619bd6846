#include "layers/embedding.hpp"

#include <algorithm>
#include <sstream>

namespace echocell {
namespace {

// Ids per step of the output. The ids of a sample (T) are stored as one row of T.
template <class Scalar>
Index ids_per_step(const Pass<Scalar>& pass) {
  const Tensor<const Scalar>& x = pass.input();
  return pass.output.steps == 0 ? 0 : x.steps * x.width / pass.output.steps;
}

// Where id k of step t of row b stands in the input, of which only one of `steps` and `width`
// runs over time.
template <class Scalar>
Index position(const Tensor<const Scalar>& x, Index ids, Index t, Index b, Index k) {
  const Index in_row = t * ids + k;
  return x.steps == 1 ? b * x.width + in_row : (t * x.batch + b) * x.width + k;
}

template <class Scalar>
[[noreturn]] void reject(Scalar value, Index row, Index step, Index input_dim) {
  std::ostringstream text;
  text.precision(10);
  text << "Embedding: expected integers from 0 to " << input_dim - 1 << ", received " << value
       << " in row " << row << " of the batch, step " << step;
  throw std::invalid_argument(text.str());
}

}  // namespace

template <class Scalar>
void Embedding<Scalar>::build(const Shape& input) {
  output_shape(input);
  this->parameters_.clear();
  table_ = this->add_parameter("embeddings", {options_.input_dim, options_.output_dim});
}

template <class Scalar>
Shape Embedding<Scalar>::output_shape(const Shape& input) const {
  if (input.empty()) {
    throw std::invalid_argument("Embedding: expected ids of shape (batch, time steps), received " +
                                to_string(input));
  }
  Shape output = input;
  output.push_back(options_.output_dim);
  return output;
}

template <class Scalar>
Index Embedding<Scalar>::id_at(const Pass<Scalar>& pass, Index ids, Index t, Index b,
                               Index k) const {
  const Scalar value = pass.input().data[position(pass.input(), ids, t, b, k)];
  const bool in_range = value >= Scalar(0) && value < static_cast<Scalar>(options_.input_dim);
  const Index id = in_range ? static_cast<Index>(value) : 0;
  if (!in_range || static_cast<Scalar>(id) != value) {
    reject(value, pass.first_row + b, t, options_.input_dim);
  }
  return id;
}

template <class Scalar>
void Embedding<Scalar>::forward(const Pass<Scalar>& pass) const {
  const Tensor<Scalar>& y = pass.output;
  const Mask mask = options_.mask_zero ? pass.output_mask : Mask{};
  const Index width = options_.output_dim, ids = ids_per_step(pass);
  for (Index t = 0; t < y.steps; ++t) {
    for (Index b = 0; b < y.batch; ++b) {
      bool any = false;
      for (Index k = 0; k < ids; ++k) {
        const Index id = id_at(pass, ids, t, b, k);
        std::copy_n(pass.parameters.data + id * width, width, y.row(t, b).data() + k * width);
        any = any || id != 0;
        if (mask.inner) mask.inner[(t * y.batch + b) * ids + k] = id != 0 ? 1 : 0;
      }
      if (mask) mask.data[t * y.batch + b] = any ? 1 : 0;
    }
  }
}

template <class Scalar>
void Embedding<Scalar>::backward(const Pass<Scalar>& pass) const {
  const Tensor<Scalar>& dy = pass.output_gradient;
  const Index width = options_.output_dim, ids = ids_per_step(pass);
  std::fill_n(pass.gradients.data, options_.input_dim * width, Scalar(0));
  for (Index t = 0; t < dy.steps; ++t) {
    for (Index b = 0; b < dy.batch; ++b) {
      for (Index k = 0; k < ids; ++k) {
        Scalar* to = pass.gradients.data + id_at(pass, ids, t, b, k) * width;
        const Scalar* from = dy.row(t, b).data() + k * width;
        for (Index j = 0; j < width; ++j) to[j] += from[j];
      }
    }
  }
  if (pass.wants_input_gradient()) {
    const Tensor<Scalar>& dx = pass.input_gradient();
    std::fill_n(dx.data, dx.size(), Scalar(0));
  }
}

template class Embedding<float>;
template class Embedding<double>;

}  // namespace echocell
