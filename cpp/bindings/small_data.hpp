// The data of a call that is over in microseconds, taken from plain arrays, converted and checked
// in one go. What is not plainly right is left to Python, which has a word for everything.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "bindings/plain_array.hpp"
#include "layers/embedding.hpp"
#include "training/model.hpp"

namespace echocell::bindings {

/// Whole numbers of 0 .. classes - 1?
template <class Scalar>
bool are_classes(const Scalar* numbers, Index count, Index classes) {
  bool good = true;
  for (Index k = 0; k < count; ++k) {
    good = good && numbers[k] >= Scalar(0) && numbers[k] < static_cast<Scalar>(classes) &&
           numbers[k] == std::floor(numbers[k]);
  }
  return good;
}

/// Rows of numbers of at least 0, whose sum is 1, or nearly?
template <class Scalar>
bool are_distributions(const Scalar* numbers, Index rows, Index width) {
  constexpr double kTolerance = 1e-3;  // _targets.py has the same
  bool good = true;
  for (Index r = 0; r < rows; ++r, numbers += width) {
    double sum = 0;
    for (Index k = 0; k < width; ++k) {
      sum += static_cast<double>(numbers[k]);
      good = good && numbers[k] >= Scalar(0);
    }
    good = good && std::abs(sum - 1) < kTolerance;
  }
  return good;
}

/// Are these targets that the loss can do with? width: of a row of the output.
template <class Scalar>
bool are_targets(LossKind loss, const Scalar* numbers, Index count, Index width) {
  switch (loss) {
    case LossKind::categorical_crossentropy:
      return width > 1 && are_distributions(numbers, count / width, width);
    case LossKind::sparse_categorical_crossentropy:
      return are_classes(numbers, count, width);
    case LossKind::binary_crossentropy:
      return std::all_of(numbers, numbers + count,
                         [](Scalar y) { return y >= Scalar(0) && y <= Scalar(1); });
    default:
      return true;
  }
}

/// Memory for the data is kept from call to call.
template <class Scalar>
class SmallData {
 public:
  explicit SmallData(Model<Scalar>& model) : model_(model) {
    const Network<Scalar>& network = model.network();
    const auto* first =
        dynamic_cast<const Embedding<Scalar>*>(&network.layer(network.nodes().front()));
    if (first != nullptr) classes_ = first->input_dim();
  }

  /// False: not plain, not small, or not right.
  bool load_x(PyObject* object) {
    const PlainArray x(object);
    if (!x || !x.holds(model_.input_shape())) return false;
    const Index size = x.size();
    if (size == 0 || !copy(x, size, x_) || !are_ids(x_.data(), size)) return false;
    bool same = set_.sample.size() + 1 == x.axes();
    for (std::size_t k = 1; same && k < x.axes(); ++k) same = set_.sample[k - 1] == x.extent(k);
    if (!same) take_sample(x);
    set_.x = {x_.data(), size};
    set_.samples = x.extent(0);
    return true;
  }
  /// After load_x(), on a compiled model.
  bool load_y(PyObject* object) {
    const PlainArray y(object);
    if (!y || y.axes() == 0 || y.extent(0) != set_.samples || !is_target_shape(y)) return false;
    const Index size = y.size();
    if (!copy(y, size, y_) || !are_targets(model_.loss(), y_.data(), size, output_.back())) {
      return false;
    }
    set_.target_size = size / set_.samples;
    set_.y = {y_.data(), size};
    return true;
  }
  bool takes_ids() const { return classes_ > 0; }
  const Dataset<Scalar>& set() const { return set_; }
  /// The shape of one output.
  const Shape& output() const { return output_; }
  /// About how many multiplications one pass forward is.
  Index work() const { return work_per_sample_ * set_.samples; }

  /// Are these ids that the model has, if it takes any?
  bool are_ids(const Scalar* numbers, Index count) const {
    constexpr Index kMostExact = Index(1) << 24;  // float32 counts no further
    return classes_ == 0 || (classes_ <= kMostExact && are_classes(numbers, count, classes_));
  }

 private:
  static bool copy(const PlainArray& from, Index size, std::vector<Scalar>& to) {
    constexpr Index kMost = Index(1) << 14;
    if (size > kMost) return false;
    if (to.size() < std::size_t(size)) to.resize(std::size_t(size));
    return from.copy_to(to.data());
  }
  void take_sample(const PlainArray& x) {
    Shape sample;
    for (std::size_t k = 1; k < x.axes(); ++k) sample.push_back(x.extent(k));
    output_ = model_.output_shape(sample);
    set_.sample = std::move(sample);
    work_per_sample_ = model_.network().work_per_step() * set_.steps();
  }
  /// As _targets.targets() has it.
  bool is_target_shape(const PlainArray& y) const {
    const std::size_t axes = output_.size();
    if (!sparse_targets(model_.loss())) {
      return y.holds(output_) || (output_.back() == 1 && y.holds(output_, axes - 1));
    }
    const bool column = y.axes() == axes + 1 && y.extent(axes) == 1;
    return y.begins(output_, axes - 1) && (column || y.axes() == axes);
  }

  Model<Scalar>& model_;
  Index classes_ = 0;  // of the ids that the model begins with; 0: it begins with numbers
  Index work_per_sample_ = 0;
  Shape output_;
  Dataset<Scalar> set_;
  std::vector<Scalar> x_, y_;
};

}  // namespace echocell::bindings
