// Threads, and how this module was built.
#include <string>

#include "bindings/bindings.hpp"
#include "numerics/parallel.hpp"

namespace echocell::bindings {
namespace {

namespace py = pybind11;

py::dict build_info() {
  py::dict info;
  info["instruction_set"] = ECHOCELL_ISA;
  info["compiler"] = __VERSION__;
#ifdef _OPENMP
  info["openmp"] = std::to_string(_OPENMP);
#else
  info["openmp"] = "none";
#endif
  info["processors"] = std::to_string(usable_processors());
  return info;
}

}  // namespace

void bind_machine(py::module_& m) {
  m.def(
      "set_num_threads",
      [](int count) {
        if (count < 1) {
          throw std::invalid_argument("expected at least 1 thread, received " +
                                      std::to_string(count));
        }
        set_thread_count(count);
      },
      py::arg("count"));
  m.def("get_num_threads", &thread_count);
  m.def("build_info", &build_info);
}

}  // namespace echocell::bindings
