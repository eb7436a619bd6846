// Data sets on their way from Python into a model: checked, and their arrays kept alive.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bindings/arrays.hpp"
#include "training/model.hpp"

namespace echocell::bindings {

using OptionalArray = std::optional<py::array>;

/// A data set as Python gives it, see _core.pyi.
struct Source {
  py::array x, y;
  OptionalArray weights, lengths;
};

/// "(3, 4)".
inline std::string shape_text(const Shape& shape) {
  return py::cast<std::string>(py::str(to_tuple(shape)));
}

/// The array as numbers of T. Throws std::invalid_argument where it holds something else.
template <class T>
Numbers<T> to_numbers(const py::array& array, const char* name) {
  auto numbers = Numbers<T>::ensure(array);
  if (!numbers) {
    throw std::invalid_argument(std::string("expected ") + name + " of numbers, received dtype " +
                                py::cast<std::string>(py::str(array.dtype())));
  }
  return numbers;
}

/// The array as numbers of Scalar; with a shape, it must be that one.
template <class Scalar>
Numbers<Scalar> require(const py::array& array, const Shape& shape, const char* name) {
  if (!shape.empty() && shape_of(array) != shape) {
    throw std::invalid_argument(std::string("expected ") + name + " of shape " + shape_text(shape) +
                                ", received " + shape_text(shape_of(array)));
  }
  return to_numbers<Scalar>(array, name);
}

/// x, y and weights as a model takes them. Throws std::invalid_argument where they do not fit it.
template <class Scalar>
class Data {
 public:
  Dataset<Scalar> set;

  /// Inputs alone.
  Data(const Model<Scalar>& model, const py::array& x, const OptionalArray& lengths)
      : x_(require<Scalar>(x, {}, "x")) {
    const Shape shape = shape_of(x_);
    if (shape.empty()) throw std::invalid_argument("expected x with a batch axis");
    set.samples = shape[0];
    set.sample = Shape(shape.begin() + 1, shape.end());
    if (lengths) load_lengths(model.network(), *lengths);
    require_sample(model.input_shape());
    if (x_.size() == 0) throw std::invalid_argument("x is empty");
    require_finite<Scalar>("x", x_);
    set.x = {x_.data(), x_.size()};
    ragged_output_ = lengths && model.network().timed_output();
  }
  Data(const Model<Scalar>& model, const Source& source) : Data(model, source.x, source.lengths) {
    load_targets(model, source.y);
    if (source.weights) load_weights(model, *source.weights);
  }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  /// Of all outputs: [N, ...], or [sum of lengths, ...].
  Shape output_shape(const Model<Scalar>& model) const {
    const Shape sample = model.output_shape(set.sample);
    if (!ragged_output_) return with_batch(set.samples, sample);
    return with_batch(x_.shape(0), Shape(sample.begin() + 1, sample.end()));
  }

 private:
  void load_lengths(const Network<Scalar>& network, const py::array& lengths) {
    if (const auto layer = network.layer_misled_by_padding()) {
      throw std::invalid_argument("layer " + std::to_string(*layer) +
                                  " takes sequences of one length");
    }
    const auto numbers = to_numbers<std::int64_t>(lengths, "lengths");
    Index longest = 0;
    starts_.assign(1, 0);
    for (Index k = 0; k < numbers.size(); ++k) {
      const Index length = numbers.data()[k];
      if (length < 1) throw std::invalid_argument("expected lengths of at least 1");
      longest = std::max(longest, length);
      starts_.push_back(starts_.back() + length);
    }
    if (starts_.back() != x_.shape(0)) {
      throw std::invalid_argument("expected x with " + std::to_string(starts_.back()) +
                                  " time steps in all, received shape " + shape_text(shape_of(x_)));
    }
    set.samples = numbers.size();
    set.sample.insert(set.sample.begin(), longest);
    set.starts = {starts_.data(), static_cast<Index>(starts_.size())};
  }

  void require_sample(const Shape& input) const {
    bool fits = set.sample.size() == input.size();
    for (std::size_t k = 0; fits && k < input.size(); ++k) {
      fits = input[k] == kOpen || input[k] == set.sample[k];
    }
    if (!fits) {
      throw std::invalid_argument("expected x of shape " + to_string(input) + ", received " +
                                  shape_text(shape_of(x_)));
    }
  }

  void load_targets(const Model<Scalar>& model, const py::array& y) {
    set.target_size = model.target_size(set.sample);
    const Index rows = ragged_output_ ? x_.shape(0) : set.samples;
    const Index size = ragged_output_ ? set.target_size / set.steps() : set.target_size;
    y_ = require<Scalar>(y, {}, "y");
    if (y_.ndim() < 1 || y_.shape(0) != rows || y_.size() != rows * size) {
      throw std::invalid_argument("expected y with " + std::to_string(rows) + " samples of " +
                                  std::to_string(size) + " numbers each, received shape " +
                                  shape_text(shape_of(y_)));
    }
    require_finite<Scalar>("y", y_);
    set.y = {y_.data(), y_.size()};
  }

  /// [N], or [N, T] for T steps of the output, which may follow each other: [sum of lengths].
  void load_weights(const Model<Scalar>& model, const py::array& weights) {
    weights_ = require<Scalar>(weights, {}, "sample_weight");
    const Shape output = model.output_shape(set.sample);
    const Index steps = output.size() >= 2 ? output[0] : 1;
    const Shape per_sample{set.samples};
    const Shape per_step = ragged_output_ ? Shape{x_.shape(0)} : Shape{set.samples, steps};
    const Shape shape = shape_of(weights_);
    if (shape != per_sample && shape != per_step) {
      throw std::invalid_argument("expected sample_weight of shape " + shape_text(per_sample) +
                                  " or " + shape_text(per_step) + ", received " +
                                  shape_text(shape));
    }
    require_finite<Scalar>("sample_weight", weights_);
    set.weights = {weights_.data(), weights_.size()};
    set.weight_steps = shape == per_sample ? 0 : steps;
  }

  Numbers<Scalar> x_, y_, weights_;
  std::vector<Index> starts_;
  bool ragged_output_ = false;  // outputs, and targets, follow each other step by step, like x
};

}  // namespace echocell::bindings
