// echocell._core._cpu: what this machine can run. Apart from the core, because it is asked before
// one is chosen, and so compiled for the oldest machine.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

namespace {

/// The instruction sets that CPU and operating system support, the best one first, by the names of
/// the modules _core_*.
PyObject* supported(PyObject*, PyObject*) {
  PyObject* names = PyList_New(0);
  const auto add = [&](const char* name) {
    PyObject* text = PyUnicode_FromString(name);
    if (text != nullptr) PyList_Append(names, text);
    Py_XDECREF(text);
  };
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v4) add("x86_64_v4");
  if (v3) add("x86_64_v3");
  add("x86_64");
#else
  add("generic");
#endif
  return names;
}

PyMethodDef functions[] = {
    {"supported", supported, METH_NOARGS, "The instruction sets of this machine, best first."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_cpu", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__cpu() { return PyModule_Create(&definition); }
