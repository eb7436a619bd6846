// Options: values whose fields Python sets by name.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>

#include "bindings/names.hpp"

namespace echocell::bindings {

namespace py = pybind11;

/// Sets attributes by name. Throws TypeError for one that the object does not have.
inline void set_by_name(const py::object& object, const py::kwargs& values) {
  for (const auto& [name, value] : values) {
    if (!py::hasattr(object, name)) {
      const auto type = py::cast<std::string>(py::type::of(object).attr("__name__"));
      throw py::type_error(type + ": unknown option '" + py::cast<std::string>(name) + "'");
    }
    py::setattr(object, name, value);
  }
}

/// Binds options that are made with any of their fields: T(name=value, ...). complete(options,
/// given) checks what was given, and sets the fields that follow from others.
template <class T, class... Base, class Complete>
py::class_<T, Base..., std::shared_ptr<T>> bind_options(py::module_& m, const char* name,
                                                        const Complete& complete) {
  return py::class_<T, Base..., std::shared_ptr<T>>(m, name).def(
      py::init([complete](const py::kwargs& given) {
        auto options = std::make_shared<T>();
        set_by_name(py::cast(options), given);
        complete(*options, given);
        return options;
      }));
}
template <class T, class... Base>
auto bind_options(py::module_& m, const char* name) {
  return bind_options<T, Base...>(m, name, [](T&, const py::kwargs&) {});
}

}  // namespace echocell::bindings
