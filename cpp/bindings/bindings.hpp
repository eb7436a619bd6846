// The parts of the module; module.cpp calls them in this order.
#pragma once

#include <pybind11/pybind11.h>

namespace echocell::bindings {

void bind_layers(pybind11::module_& module);
void bind_training(pybind11::module_& module);
void bind_network(pybind11::module_& module);
void bind_machine(pybind11::module_& module);
void bind_linear_algebra(pybind11::module_& module);

}  // namespace echocell::bindings
