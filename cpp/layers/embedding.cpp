#include "layers/embedding.hpp"

#include <algorithm>
#include <sstream>

#include "numerics/copy.hpp"

namespace echocell {
namespace {

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

// Calls visit(step, at, id) for the ids of all steps of all rows of the batch: step is t * B + b,
// at the number of the id. The ids of a sample (T) are stored as one row of T, those of (T, k, ...)
// step by step.
template <class Scalar>
template <class Visit>
void Embedding<Scalar>::for_each_id(const Pass<Scalar>& pass, const Visit& visit) const {
  const Tensor<const Scalar>& x = pass.input();
  const Tensor<Scalar>& y = pass.output;
  const Index ids = y.width / options_.output_dim;
  for (Index t = 0, step = 0, at = 0; t < y.steps; ++t) {
    for (Index b = 0; b < y.batch; ++b, ++step) {
      const ConstArrayView<Scalar> values = x.row(x.steps == 1 ? 0 : t, b);
      const Index first = x.steps == 1 ? t * ids : 0;
      for (Index k = 0; k < ids; ++k, ++at) {
        visit(step, at, checked_id(values[first + k], pass.first_row + b, t));
      }
    }
  }
}

template <class Scalar>
Index Embedding<Scalar>::checked_id(Scalar value, Index row, Index step) const {
  const bool in_range = value >= Scalar(0) && value < static_cast<Scalar>(options_.input_dim);
  const Index id = in_range ? static_cast<Index>(value) : 0;
  if (!in_range || static_cast<Scalar>(id) != value) reject(value, row, step, options_.input_dim);
  return id;
}

template <class Scalar>
void Embedding<Scalar>::forward(const Pass<Scalar>& pass) const {
  const ConstRowsView<Scalar> table = table_.span(pass.parameters).rows(options_.input_dim);
  RowsView<Scalar> y = pass.output.rows_of(options_.output_dim);
  const Mask mask = options_.mask_zero ? pass.output_mask : Mask{};
  if (mask) std::fill_n(mask.data, pass.output.rows(), std::uint8_t(0));
  for_each_id(pass, [&](Index step, Index at, Index id) {
    copy_row(table.row(id), y.row(at));
    if (mask && id != 0) mask.data[step] = 1;
    if (mask.inner) mask.inner[at] = id != 0 ? 1 : 0;
  });
}

template <class Scalar>
void Embedding<Scalar>::backward(const Pass<Scalar>& pass) const {
  const RowsView<Scalar> dy = pass.output_gradient.rows_of(options_.output_dim);
  RowsView<Scalar> d_table = table_.span(pass.gradients).rows(options_.input_dim);
  d_table.setZero();
  for_each_id(pass, [&](Index, Index at, Index id) { add_row(dy.row(at), d_table.row(id)); });
  if (pass.wants_input_gradient()) pass.input_gradient().array().setZero();
}

template class Embedding<float>;
template class Embedding<double>;

}  // namespace echocell
