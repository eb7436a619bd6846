// Linear algebra for the initializers.
#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "numerics/orthogonal.hpp"

namespace echocell::bindings {
namespace {

py::array_t<double> orthonormal_columns(const Numbers<double>& matrix) {
  if (matrix.ndim() != 2 || matrix.shape(0) < matrix.shape(1)) {
    throw std::invalid_argument("expected a matrix [rows, columns] with rows >= columns");
  }
  const Index rows = matrix.shape(0), columns = matrix.shape(1);
  constexpr auto kSize = static_cast<Index>(sizeof(double));
  py::array_t<double> q({rows, columns}, {kSize, kSize * rows});
  const ConstRowsView<double> from = rows_view(matrix.data(), rows, columns);
  const RowsView<double> to = rows_view(q.mutable_data(), columns, rows);
  {
    const py::gil_scoped_release released;
    echocell::orthonormal_columns(from, to);
  }
  return q;
}

}  // namespace

void bind_linear_algebra(py::module_& m) {
  m.def("orthonormal_columns", &orthonormal_columns, py::arg("matrix"));
}

}  // namespace echocell::bindings
