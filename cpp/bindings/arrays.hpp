// NumPy arrays in and out, with the checks that need no knowledge of the model.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <string>
#include <vector>

#include "numerics/finite.hpp"
#include "numerics/shape.hpp"

namespace echocell::bindings {

namespace py = pybind11;

/// A C-contiguous array of Scalar, aligned as Scalar is: the same one if it is that already, else
/// converted.
template <class Scalar>
using Numbers = py::array_t<Scalar, py::array::c_style | py::array::forcecast |
                                        py::detail::npy_api::NPY_ARRAY_ALIGNED_>;

inline Shape shape_of(const py::array& array) {
  return Shape(array.shape(), array.shape() + array.ndim());
}

/// A tuple of ints.
inline py::tuple to_tuple(const Shape& shape) {
  py::tuple tuple(shape.size());
  for (std::size_t k = 0; k < shape.size(); ++k) tuple[k] = shape[k];
  return tuple;
}

/// "(3, 0, 2)": where the element with this flat index is.
inline std::string position(Index flat, const Shape& shape) {
  std::string text;
  for (std::size_t k = shape.size(); k-- > 0;) {
    text = std::to_string(flat % shape[k]) + (text.empty() ? "" : ", " + text);
    flat /= shape[k];
  }
  return "(" + text + ")";
}

/// Throws if a number is NaN or infinite, saying where.
template <class Scalar>
void require_finite(const char* name, const Numbers<Scalar>& array) {
  const Scalar* data = array.data();
  if (all_finite(data, array.size())) return;
  for (Index k = 0; k < array.size(); ++k) {
    if (std::isfinite(data[k])) continue;
    throw std::invalid_argument(std::string(name) + " contains " +
                                (std::isnan(data[k]) ? "NaN" : "infinity") + " at index " +
                                position(k, shape_of(array)) + "; expected finite numbers");
  }
}

/// A new array with a copy of these numbers.
template <class Scalar>
py::array_t<Scalar> to_array(const Scalar* numbers, const Shape& shape) {
  return py::array_t<Scalar>(shape, numbers);
}

/// The shape of a batch of samples: rows, then the sample's.
inline Shape with_batch(Index rows, const Shape& sample) {
  Shape shape{rows};
  shape.insert(shape.end(), sample.begin(), sample.end());
  return shape;
}

}  // namespace echocell::bindings
