// Linear algebra for the initializers.
#include <pybind11/eigen.h>

#include "bindings/bindings.hpp"
#include "numerics/orthogonal.hpp"

namespace echocell::bindings {
namespace {

namespace py = pybind11;

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::MatrixXd orthonormal_columns(const Eigen::Ref<const RowMajorMatrix>& matrix) {
  if (matrix.rows() < matrix.cols()) {
    throw std::invalid_argument("expected a matrix [rows, columns] with rows >= columns");
  }
  Eigen::MatrixXd q(matrix.rows(), matrix.cols());
  const auto from = rows_view(matrix.data(), matrix.rows(), matrix.cols(), matrix.outerStride());
  const py::gil_scoped_release released;
  echocell::orthonormal_columns(from, rows_view(q.data(), q.cols(), q.rows()));
  return q;
}

}  // namespace

void bind_linear_algebra(py::module_& m) {
  m.def("orthonormal_columns", &orthonormal_columns, py::arg("matrix"));
}

}  // namespace echocell::bindings
