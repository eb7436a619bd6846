# pybind11 3 or newer: where CMake looks for packages, or else among the packages of Python.
if(NOT pybind11_DIR)
  execute_process(COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
    OUTPUT_VARIABLE PYBIND11_HINT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
find_package(pybind11 3 CONFIG REQUIRED HINTS "${PYBIND11_HINT}")
