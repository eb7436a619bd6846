#include "bindings/small_calls.hpp"

#include <algorithm>

#include "bindings/bindings.hpp"
#include "bindings/network_base.hpp"

namespace echocell::bindings {
namespace {

/// work(calls) of that Network, its exceptions as Python's. The descriptors that call this make
/// sure that it is one.
template <class Work>
PyObject* with_calls(PyObject* network, const Work& work) {
  try {
    auto* instance = reinterpret_cast<py::detail::instance*>(network);
    auto* base = instance->get_value_and_holder().value_ptr<NetworkBase>();
    return base == nullptr ? none() : work(base->small_calls());
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const std::invalid_argument& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  } catch (const std::bad_alloc& error) {
    PyErr_SetString(PyExc_MemoryError, error.what());
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

/// A positive int, as it is; 0 for anything else.
Index count_of(PyObject* object) {
  if (!PyLong_CheckExact(object)) return 0;
  const Py_ssize_t value = PyLong_AsSsize_t(object);
  if (value == -1 && PyErr_Occurred()) PyErr_Clear();
  return std::max<Index>(value, 0);
}

PyObject* fit(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 5 || !PyBool_Check(arguments[4])) return none();
  return with_calls(self, [&](SmallCallsBase& calls) {
    return calls.fit(arguments[0], arguments[1], count_of(arguments[2]), count_of(arguments[3]),
                     arguments[4] == Py_True);
  });
}
PyObject* train(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return none();
  return with_calls(self,
                    [&](SmallCallsBase& calls) { return calls.train(arguments[0], arguments[1]); });
}
PyObject* predict(PyObject* self, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return none();
  return with_calls(self, [&](SmallCallsBase& calls) {
    return calls.predict(arguments[0], count_of(arguments[1]));
  });
}
PyObject* step(PyObject* self, PyObject* x) {
  return with_calls(self, [&](SmallCallsBase& calls) { return calls.step(x); });
}

using WithArguments = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);

PyMethodDef method(const char* name, WithArguments function) {
  auto* plain = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
  return {name, plain, METH_FASTCALL, nullptr};
}

}  // namespace

void bind_small_calls(py::handle network) {
  static PyMethodDef methods[] = {method("small_fit", &fit),
                                  method("small_train", &train),
                                  method("small_predict", &predict),
                                  {"small_step", &step, METH_O, nullptr}};
  auto* type = reinterpret_cast<PyTypeObject*>(network.ptr());
  for (PyMethodDef& definition : methods) {
    auto descriptor = py::reinterpret_steal<py::object>(PyDescr_NewMethod(type, &definition));
    if (!descriptor) throw py::error_already_set();
    network.attr(definition.ml_name) = descriptor;
  }
}

}  // namespace echocell::bindings
