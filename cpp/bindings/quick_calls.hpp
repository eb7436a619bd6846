// Calls past pybind11's dispatcher, whose 150 ns would be a third of a step. They take arrays as
// the user gave them. Each gives None where something does not fit, so that the Python layer
// converts it or says what is wrong; nothing has happened then.
#pragma once

#include <algorithm>

#include "bindings/network.hpp"

namespace echocell::bindings {

inline py::array no_array() { return py::reinterpret_steal<py::array>(nullptr); }

/// The object as an array that can be copied at once, else null: a large view may stand for more
/// numbers than there is memory for, which the Python layer refuses before it copies.
inline py::array array_of(PyObject* object) {
  constexpr Index kMostCopied = 1 << 20;
  if (Py_TYPE(object) != py::detail::npy_api::get().PyArray_Type_) return no_array();
  auto array = py::reinterpret_borrow<py::array>(object);
  const bool whole = (array.flags() & py::array::c_style) != 0;
  return whole || array.size() <= kMostCopied ? array : no_array();
}

/// The object as an array of small data, else null: larger ones go the ordinary way unread, for
/// they may be of another shape than the model's.
inline py::array small_array_of(PyObject* object) {
  constexpr Index kMostNumbers = 1 << 14;
  py::array array = array_of(object);
  return array && array.size() <= kMostNumbers ? array : no_array();
}

/// A positive int, as it is; 0 for others.
inline Index count_of(PyObject* object) {
  const Index count = PyLong_CheckExact(object) ? PyLong_AsSsize_t(object) : 0;
  if (count == -1) PyErr_Clear();  // that of an int without a place in Index
  return std::max(count, Index(0));
}

/// Returns the result of call(network), None for null; turns C++ exceptions into Python's. What
/// comes often is refused by null: throwing takes microseconds.
template <class Scalar, class Call>
PyObject* quick_call(PyObject* self, const Call& call) {
  try {
    // The descriptor has checked the type of self: py::cast() would check it again.
    auto* instance = reinterpret_cast<py::detail::instance*>(self);
    auto* network = instance->get_value_and_holder().value_ptr<PythonNetwork<Scalar>>();
    if (network == nullptr) Py_RETURN_NONE;  // made by __new__ alone
    network->require_exact_ids();
    py::object result = call(*network);
    if (!result) Py_RETURN_NONE;
    return result.release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::invalid_argument&) {
    Py_RETURN_NONE;
  } catch (const std::bad_alloc& error) {
    PyErr_SetString(PyExc_MemoryError, error.what());
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

template <class Scalar>
PyObject* quick_fit(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return quick_call<Scalar>(self, [&](auto& network) -> py::object {
    if (count != 5 || !PyBool_Check(arguments[4])) return {};
    const py::array x = small_array_of(arguments[0]), y = small_array_of(arguments[1]);
    const Index batch_size = count_of(arguments[2]), epochs = count_of(arguments[3]);
    if (!x || !y || batch_size == 0 || epochs == 0) return {};
    if (!network.is_small(x, 3 * double(epochs))) return {};
    return py::cast(network.fit_plain(x, y, batch_size, epochs, arguments[4] == Py_True));
  });
}
template <class Scalar>
PyObject* quick_train(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return quick_call<Scalar>(self, [&](auto& network) -> py::object {
    if (count != 2) return {};
    const py::array x = small_array_of(arguments[0]), y = small_array_of(arguments[1]);
    if (!x || !y || !network.is_small(x, 3)) return {};
    return py::cast(network.train_plain(x, y));
  });
}
template <class Scalar>
PyObject* quick_predict(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return quick_call<Scalar>(self, [&](auto& network) -> py::object {
    if (count != 2) return {};
    const py::array x = array_of(arguments[0]);
    const Index batch_size = count_of(arguments[1]);
    if (!x || batch_size == 0) return {};
    return network.predict(x, std::nullopt, batch_size, {});
  });
}
template <class Scalar>
PyObject* quick_step(PyObject* self, PyObject* given) {
  return quick_call<Scalar>(self, [&](auto& network) -> py::object {
    const py::array x = array_of(given);
    return x ? network.step(x) : x;
  });
}

/// Adds the methods to the class.
template <class Scalar>
void add_quick_calls(py::handle network) {
  using WithArguments = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);
  const auto method = [](const char* name, WithArguments function) {
    auto* plain = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
    return PyMethodDef{name, plain, METH_FASTCALL, nullptr};
  };
  static PyMethodDef methods[] = {method("quick_fit", &quick_fit<Scalar>),
                                  method("quick_train", &quick_train<Scalar>),
                                  method("quick_predict", &quick_predict<Scalar>),
                                  {"quick_step", &quick_step<Scalar>, METH_O, nullptr}};
  auto* type = reinterpret_cast<PyTypeObject*>(network.ptr());
  for (PyMethodDef& definition : methods) {
    const auto descriptor = py::reinterpret_steal<py::object>(PyDescr_NewMethod(type, &definition));
    if (!descriptor) throw py::error_already_set();
    network.attr(definition.ml_name) = descriptor;
  }
}

}  // namespace echocell::bindings
