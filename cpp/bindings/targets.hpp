// Whether targets are right as they came. Where they are not, the Python layer reshapes them, warns
// or says what is wrong (_targets.py).
#pragma once

#include <algorithm>
#include <cmath>

#include "bindings/arrays.hpp"
#include "numerics/eigen.hpp"
#include "training/objective/losses.hpp"

namespace echocell::bindings {

/// Whether all are whole numbers of 0 .. classes - 1.
template <class Scalar>
bool are_classes(const Numbers<Scalar>& numbers, Index classes) {
  const auto last = static_cast<Scalar>(classes - 1);
  return std::all_of(numbers.data(), numbers.data() + numbers.size(), [=](Scalar number) {
    return number >= 0 && number <= last && number == std::floor(number);
  });
}

/// Whether no number is below 0 and each row sums to 1 within kTolerance.
template <class Scalar>
bool are_distributions(const Numbers<Scalar>& numbers, Index width) {
  constexpr double kTolerance = 1e-3;  // _targets.py has the same
  const auto rows = ConstRowsView<Scalar>(numbers.data(), numbers.size() / width, width,
                                          Eigen::OuterStride<>(width));
  if (!(rows >= Scalar(0)).all()) return false;
  for (Index r = 0; r < rows.rows(); ++r) {
    if (std::abs(rows.row(r).template cast<double>().sum() - 1) >= kTolerance) return false;
  }
  return true;
}

/// Whether these are targets of this loss, in the shape of the outputs or class numbers for each;
/// the last axis may be left out where it is 1. output: of one sample.
template <class Scalar>
bool are_targets(LossKind loss, const Numbers<Scalar>& y, const Shape& output) {
  const Index width = output.back();
  const bool sparse = sparse_targets(loss);
  const py::array& array = y.array();
  const auto leading = static_cast<Index>(output.size()) - 1;  // axes before the last one
  const Index last = sparse ? 1 : width;
  const bool fits = array.ndim() == leading + 2 ? array.shape(leading + 1) == last
                                                : array.ndim() == leading + 1 && last == 1;
  if (!fits || !std::equal(output.begin(), output.end() - 1, array.shape() + 1)) return false;
  if (sparse) return are_classes(y, width);
  const auto numbers = ConstArrayView<Scalar>(y.data(), y.size());
  switch (loss) {
    case LossKind::categorical_crossentropy:
      return width > 1 && are_distributions(y, width);
    case LossKind::binary_crossentropy:
      return (numbers >= Scalar(0)).all() && (numbers <= Scalar(1)).all();
    default:
      return true;
  }
}

}  // namespace echocell::bindings
