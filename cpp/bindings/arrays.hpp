// NumPy arrays in and out.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "numerics/finite.hpp"
#include "numerics/shape.hpp"
#include "numerics/tensor.hpp"

namespace echocell::bindings {

namespace py = pybind11;

using OptionalArray = std::optional<py::array>;

/// Throws std::invalid_argument: "expected ..., received ...".
[[noreturn]] inline void refuse(const std::string& expected, const std::string& received) {
  throw std::invalid_argument("expected " + expected + ", received " + received);
}

inline Shape shape_of(const py::array& array) {
  return Shape(array.shape(), array.shape() + array.ndim());
}

/// A tuple of ints.
inline py::tuple to_tuple(const Shape& shape) {
  py::tuple tuple(shape.size());
  for (std::size_t k = 0; k < shape.size(); ++k) tuple[k] = shape[k];
  return tuple;
}

/// "(3, 4)".
inline std::string shape_text(const Shape& shape) {
  return py::cast<std::string>(py::str(to_tuple(shape)));
}

/// The numbers of an array, row-major, as T: where they are that already the array's own memory,
/// which it keeps alive; else a copy.
template <class T>
class Numbers {
 public:
  Numbers() = default;
  /// Throws std::invalid_argument for an array of anything but booleans, integers and floats, or of
  /// another shape than the one that is given.
  Numbers(py::array array, const char* name, const Shape& shape = {})
      : array_(std::move(array)), type_(array_.dtype()), size_(array_.size()) {
    if (!shape.empty() && shape_of(array_) != shape) {
      refuse(std::string(name) + " of shape " + shape_text(shape), shape_text(shape_of(array_)));
    }
    if (is_plain() &&
        (borrow() || convert<float>() || convert<double>() || convert<std::int64_t>() ||
         convert<std::int32_t>() || convert<std::uint8_t>() || convert<bool>())) {
      return;
    }
    convert_by_numpy(name);
  }

  const T* data() const { return data_; }
  Index size() const { return size_; }
  Span<const T> span() const { return {data_, size()}; }
  const py::array& array() const { return array_; }

 private:
  static constexpr int kPlain = py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_;

  bool is_plain() const {
    const char order = type_.byteorder();
    return (array_.flags() & kPlain) == kPlain && (order == '=' || order == '|');
  }
  template <class From>
  bool holds() const {
    return type_.num() == py::dtype::num_of<From>();
  }
  bool borrow() {
    if (!holds<T>()) return false;
    data_ = static_cast<const T*>(array_.data());
    return true;
  }
  template <class From>
  bool convert() {
    if (!std::is_floating_point_v<T> || !holds<From>()) return false;
    const From* from = static_cast<const From*>(array_.data());
    converted_.reset(new T[std::size_t(size())]);
    std::transform(from, from + size(), converted_.get(),
                   [](From number) { return static_cast<T>(number); });
    data_ = converted_.get();
    return true;
  }
  void convert_by_numpy(const char* name) {
    const bool numeric = std::string("biuf").find(type_.kind()) != std::string::npos;
    using Converted = py::array_t<T, kPlain | py::array::forcecast>;
    auto converted = numeric ? Converted::ensure(array_) : Converted();
    if (!numeric || !converted) {
      refuse(std::string(name) + " of numbers", "dtype " + py::cast<std::string>(py::str(type_)));
    }
    array_ = std::move(converted);
    data_ = static_cast<const T*>(array_.data());
  }

  py::array array_ = py::reinterpret_steal<py::array>(nullptr);  // py::array() makes an array
  py::dtype type_;
  Index size_ = 0;
  std::unique_ptr<T[]> converted_;
  const T* data_ = nullptr;
};

/// The Python layer says which number it is, and where.
template <class Scalar>
void require_finite(const char* name, const Numbers<Scalar>& numbers) {
  if (!all_finite(numbers.data(), numbers.size())) {
    refuse(std::string(name) + " of finite numbers", "NaN or infinity");
  }
}

/// A new array [rows, sample...], its numbers unset. NumPy's own call: py::array_t would spend more
/// time on vectors of extents and strides than a step of a small model takes.
template <class Scalar>
py::array_t<Scalar> new_array(Index rows, const Shape& sample) {
  constexpr std::size_t kMostAxes = 32;  // NumPy has no more in all its versions
  if (sample.size() >= kMostAxes) refuse("at most 31 axes", std::to_string(sample.size()));
  Py_intptr_t extents[kMostAxes];
  extents[0] = rows;
  std::copy(sample.begin(), sample.end(), extents + 1);
  const auto& api = py::detail::npy_api::get();
  PyObject* array = api.PyArray_NewFromDescr_(
      api.PyArray_Type_, py::dtype::of<Scalar>().release().ptr(),
      static_cast<int>(sample.size()) + 1, extents, nullptr, nullptr, 0, nullptr);
  if (array == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::array_t<Scalar>>(array);
}

/// The numbers of a new array, to be written.
template <class Scalar>
Span<Scalar> span_of(py::array_t<Scalar>& array) {
  return {array.mutable_data(), array.size()};
}

/// A new array [rows, sample...] with a copy of these numbers.
template <class Scalar>
py::array_t<Scalar> to_array(Span<const Scalar> numbers, Index rows, const Shape& sample) {
  py::array_t<Scalar> array = new_array<Scalar>(rows, sample);
  std::copy(numbers.data, numbers.data + array.size(), array.mutable_data());
  return array;
}

}  // namespace echocell::bindings
