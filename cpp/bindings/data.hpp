// Data sets on their way from Python into a model: checked, and their arrays kept alive.
#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/targets.hpp"
#include "layers/embedding.hpp"
#include "training/model.hpp"

namespace echocell::bindings {

/// A data set as Python gives it: x, y, weights, lengths, see _core/__init__.pyi.
using Source = std::tuple<py::array, py::array, OptionalArray, OptionalArray>;

/// A model as those see it who bring data.
template <class Scalar>
class Target {
 public:
  explicit Target(const Model<Scalar>& model) : model_(model) {
    const Network<Scalar>& network = model.network();
    const Layer<Scalar>& first = network.layer(network.nodes().front());
    const auto* embedding = dynamic_cast<const Embedding<Scalar>*>(&first);
    if (embedding != nullptr) classes_ = embedding->input_dim();
  }
  const Model<Scalar>& model() const { return model_; }
  /// Whether it begins with ids.
  bool takes_ids() const { return classes_ > 0; }
  /// Whether the scalar type counts to every id: float32 skips numbers above 2^24.
  bool ids_are_exact() const { return classes_ <= Index(1) << std::numeric_limits<Scalar>::digits; }
  /// The shape of one output for such a sample, which most calls ask for in vain.
  const Shape& output_shape(const Shape& sample) {
    if (sample != sample_ || output_.empty()) {
      output_ = model_.output_shape(sample);
      sample_ = sample;
    }
    return output_;
  }
  /// Throws std::invalid_argument unless all inputs are finite, and ids where it takes them.
  void require_inputs(const Numbers<Scalar>& x) const {
    require_finite("x", x);
    if (takes_ids() && !are_classes(x, classes_)) {
      refuse("ids from 0 to " + std::to_string(classes_ - 1), "another number");
    }
  }

 private:
  const Model<Scalar>& model_;
  Index classes_ = 0;
  Shape sample_, output_;
};

/// x, y and weights as a model takes them. Throws std::invalid_argument where they do not fit it.
template <class Scalar>
class Data {
 public:
  Dataset<Scalar> set;

  /// Inputs alone.
  Data(Target<Scalar>& target, const py::array& x, const OptionalArray& lengths) : x_(x, "x") {
    if (x.ndim() == 0) refuse("x with a batch axis", "a number");
    set.samples = x.shape(0);
    set.sample = Shape(x.shape() + 1, x.shape() + x.ndim());
    const Network<Scalar>& network = target.model().network();
    if (lengths) load_lengths(network, *lengths);
    require_sample(network.input_shape());
    if (x_.size() == 0) refuse("samples", "none");
    target.require_inputs(x_);
    set.x = x_.span();
    ragged_output_ = lengths && network.timed_output();
    output_ = &target.output_shape(set.sample);
  }
  Data(Target<Scalar>& target, const Source& source)
      : Data(target, std::get<0>(source), std::get<3>(source)) {
    load_targets(target.model().loss(), std::get<1>(source));
    if (const auto& weights = std::get<2>(source)) load_weights(*weights);
  }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  /// Room for all outputs: [N, ...], or [sum of lengths, ...].
  py::array_t<Scalar> new_outputs() const {
    if (!ragged_output_) return new_array<Scalar>(set.samples, *output_);
    return new_array<Scalar>(rows_of_x(), Shape(output_->begin() + 1, output_->end()));
  }
  /// Throws std::invalid_argument unless the targets are right as they came.
  void require_plain_targets(LossKind loss) const {
    if (!are_targets(loss, y_, *output_)) refuse("targets of this loss", "others");
  }

 private:
  Index rows_of_x() const { return x_.array().shape(0); }

  void load_lengths(const Network<Scalar>& network, const py::array& given) {
    if (const std::optional<Index> layer = network.layer_misled_by_padding()) {
      throw std::invalid_argument(network.layer_name(*layer) + " takes sequences of one length");
    }
    const Numbers<std::int64_t> lengths(given, "lengths");
    const std::int64_t* last = lengths.data() + lengths.size();
    if (std::any_of(lengths.data(), last, [](Index length) { return length < 1; })) {
      refuse("lengths of at least 1", "others");
    }
    starts_.assign(1, 0);
    for (const auto* length = lengths.data(); length != last; ++length) {
      starts_.push_back(starts_.back() + *length);
    }
    if (starts_.back() != rows_of_x()) {
      refuse("x with " + std::to_string(starts_.back()) + " time steps in all",
             std::to_string(rows_of_x()));
    }
    set.samples = lengths.size();
    if (set.samples > 0) {
      set.sample.insert(set.sample.begin(), *std::max_element(lengths.data(), last));
    }
    set.starts = {starts_.data(), static_cast<Index>(starts_.size())};
  }

  void require_sample(const Shape& input) const {
    const bool fits = std::equal(
        input.begin(), input.end(), set.sample.begin(), set.sample.end(),
        [](Index expected, Index extent) { return expected == kOpen || expected == extent; });
    if (!fits) refuse("x of shape " + to_string(input), shape_text(shape_of(x_.array())));
  }

  void load_targets(LossKind loss, const py::array& y) {
    const Index width = output_->back();
    set.target_size = volume(*output_) / width * target_width(loss, width);
    const Index rows = ragged_output_ ? rows_of_x() : set.samples;
    const Index size = ragged_output_ ? set.target_size / set.steps() : set.target_size;
    y_ = Numbers<Scalar>(y, "y");
    if (y.ndim() < 1 || y.shape(0) != rows || y.size() != rows * size) {
      refuse("y with " + std::to_string(rows) + " samples of " + std::to_string(size) +
                 " numbers each",
             "shape " + shape_text(shape_of(y)));
    }
    require_finite("y", y_);
    set.y = y_.span();
  }

  /// [N], or [N, T] for T steps of the output, which may follow each other: [sum of lengths].
  void load_weights(const py::array& weights) {
    const Index steps = output_->size() >= 2 ? (*output_)[0] : 1;
    const Shape per_sample{set.samples};
    const Shape per_step = ragged_output_ ? Shape{rows_of_x()} : Shape{set.samples, steps};
    const Shape shape = shape_of(weights);
    if (shape != per_sample && shape != per_step) {
      refuse("sample_weight of shape " + shape_text(per_sample) + " or " + shape_text(per_step),
             shape_text(shape));
    }
    weights_ = Numbers<Scalar>(weights, "sample_weight");
    require_finite("sample_weight", weights_);
    set.weights = weights_.span();
    set.weight_steps = shape == per_sample ? 0 : steps;
  }

  Numbers<Scalar> x_, y_, weights_;
  std::vector<Index> starts_;
  const Shape* output_ = nullptr;  // of one sample; the target's, which has it until the next one
  bool ragged_output_ = false;     // outputs, and targets, follow each other step by step, like x
};

}  // namespace echocell::bindings
