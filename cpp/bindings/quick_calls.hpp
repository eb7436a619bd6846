// Calls past pybind11's dispatcher, whose 150 ns would be a third of a step. They take arrays as
// the user gave them. Each gives None where something does not fit, so that the Python layer
// converts it or says what is wrong; nothing has happened then.
#pragma once

#include "bindings/network.hpp"

namespace echocell::bindings {

/// An array that can be copied at once: a large view may stand for more numbers than there is
/// memory for, which the Python layer refuses before it copies.
inline py::array array_of(PyObject* object) {
  constexpr Index kMostCopied = 1 << 20;
  if (Py_TYPE(object) != py::detail::npy_api::get().PyArray_Type_) refuse("an array", "others");
  auto array = py::reinterpret_borrow<py::array>(object);
  const bool whole = (array.flags() & py::array::c_style) != 0;
  if (!whole && array.size() > kMostCopied) refuse("a small view", "a large one");
  return array;
}

/// An array that may be small data; larger ones go the ordinary way unread.
inline py::array small_array_of(PyObject* object) {
  constexpr Index kMostNumbers = 1 << 14;
  py::array array = array_of(object);
  if (array.size() > kMostNumbers) refuse("a small array", "a large one");
  return array;
}

/// A positive int, as it is.
inline Index count_of(PyObject* object) {
  const Index count = PyLong_CheckExact(object) ? PyLong_AsSsize_t(object) : 0;
  if (count < 1) {
    PyErr_Clear();  // that of an int without a place in Index
    refuse("a positive int", "others");
  }
  return count;
}

inline py::object as_object(py::array array) { return std::move(array); }
template <class Numbers>
py::object as_object(const std::vector<Numbers>& numbers) {
  return py::cast(numbers);
}

/// Returns the result of call(network); turns C++ exceptions into Python's.
template <class Scalar, class Call>
PyObject* quick_call(PyObject* self, const Call& call) {
  try {
    // The descriptor has checked the type of self: py::cast() would check it again.
    auto* instance = reinterpret_cast<py::detail::instance*>(self);
    auto* network = instance->get_value_and_holder().value_ptr<PythonNetwork<Scalar>>();
    if (network == nullptr) Py_RETURN_NONE;  // made by __new__ alone
    network->require_exact_ids();
    py::object result = as_object(call(*network));
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
  return quick_call<Scalar>(self, [&](auto& network) {
    if (count != 5 || !PyBool_Check(arguments[4])) refuse("five arguments", "others");
    return network.fit_plain(small_array_of(arguments[0]), small_array_of(arguments[1]),
                             count_of(arguments[2]), count_of(arguments[3]),
                             arguments[4] == Py_True);
  });
}
template <class Scalar>
PyObject* quick_train(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return quick_call<Scalar>(self, [&](auto& network) {
    if (count != 2) refuse("two arguments", "others");
    return network.train_plain(small_array_of(arguments[0]), small_array_of(arguments[1]));
  });
}
template <class Scalar>
PyObject* quick_predict(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  return quick_call<Scalar>(self, [&](auto& network) {
    if (count != 2) refuse("two arguments", "others");
    return network.predict(array_of(arguments[0]), std::nullopt, count_of(arguments[1]), {});
  });
}
template <class Scalar>
PyObject* quick_step(PyObject* self, PyObject* x) {
  return quick_call<Scalar>(self, [&](auto& network) { return network.step(array_of(x)); });
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
