// Arrays where a call is so short that pybind11's conversions would show: NumPy's own memory, read
// and made through its C API.
#pragma once

#include "bindings/arrays.hpp"

namespace echocell::bindings {

/// A view of what most arrays are: exactly np.ndarray, C-contiguous, aligned, in the machine's byte
/// order. Anything else makes an empty one, for which nothing but the test is allowed. The array
/// outlives it.
class PlainArray {
 public:
  explicit PlainArray(PyObject* object) {
    using Api = py::detail::npy_api;
    constexpr int kWanted = Api::NPY_ARRAY_C_CONTIGUOUS_ | Api::NPY_ARRAY_ALIGNED_;
    if (Py_TYPE(object) != Api::get().PyArray_Type_) return;
    const auto* array = py::detail::array_proxy(object);
    const auto* type = py::detail::array_descriptor_proxy(array->descr);
    const bool native = type->byteorder == '=' || type->byteorder == '|';
    if ((array->flags & kWanted) == kWanted && native) array_ = array, type_ = type;
  }
  explicit operator bool() const { return array_ != nullptr; }

  std::size_t axes() const { return static_cast<std::size_t>(array_->nd); }
  Index extent(std::size_t axis) const { return array_->dimensions[axis]; }
  Index size() const {
    Index total = 1;
    for (std::size_t k = 0; k < axes(); ++k) total *= extent(k);
    return total;
  }
  /// Do the axes behind the first begin with the first `count` of these? kOpen takes any extent.
  bool begins(const Shape& sample, std::size_t count) const {
    if (axes() <= count) return false;
    for (std::size_t k = 0; k < count; ++k) {
      if (sample[k] != kOpen && sample[k] != extent(k + 1)) return false;
    }
    return true;
  }
  /// Are they just these?
  bool holds(const Shape& sample, std::size_t count) const {
    return axes() == count + 1 && begins(sample, count);
  }
  bool holds(const Shape& sample) const { return holds(sample, sample.size()); }

  /// Its numbers, if they are of Scalar.
  template <class Scalar>
  const Scalar* numbers() const {
    return type_->type_num == py::dtype::num_of<Scalar>()
               ? reinterpret_cast<const Scalar*>(array_->data)
               : nullptr;
  }
  /// Writes its numbers, size() of them, as numbers of Scalar. False: it holds something else, or a
  /// number that is not finite as Scalar.
  template <class Scalar>
  bool copy_to(Scalar* to) const {
    return copy_numbers_of<float>(to) || copy_numbers_of<double>(to) ||
           copy_numbers_of<std::int64_t>(to) || copy_numbers_of<std::int32_t>(to) ||
           copy_numbers_of<std::uint8_t>(to) || copy_numbers_of<bool>(to);
  }

 private:
  template <class From, class Scalar>
  bool copy_numbers_of(Scalar* to) const {
    const From* from = numbers<From>();
    if (from == nullptr) return false;
    const Index count = size();
    for (Index k = 0; k < count; ++k) to[k] = static_cast<Scalar>(from[k]);
    return std::is_integral_v<From> || all_finite(to, count);
  }

  const py::detail::PyArray_Proxy* array_ = nullptr;
  const py::detail::PyArrayDescr_Proxy* type_ = nullptr;
};

/// A new array [rows, sample...], its numbers unset; null after an error of Python.
template <class Scalar>
PyObject* new_array(Index rows, const Shape& sample) {
  constexpr std::size_t kMostAxes = 8;
  if (sample.size() >= kMostAxes)
    return py::array_t<Scalar>(with_batch(rows, sample)).release().ptr();
  Py_intptr_t extents[kMostAxes] = {rows};
  std::copy(sample.begin(), sample.end(), extents + 1);
  const auto& api = py::detail::npy_api::get();
  return api.PyArray_NewFromDescr_(api.PyArray_Type_, py::dtype::of<Scalar>().release().ptr(),
                                   static_cast<int>(sample.size()) + 1, extents, nullptr, nullptr,
                                   0, nullptr);
}
template <class Scalar>
Scalar* numbers_of(PyObject* array) {
  return reinterpret_cast<Scalar*>(py::detail::array_proxy(array)->data);
}

}  // namespace echocell::bindings
