// Matrices with orthonormal columns, for initial weights.
#pragma once

#include "numerics/eigen.hpp"

namespace echocell {

/// Writes the Q of matrix = Q R with diag(R) >= 0, transposed. Q is unique where the columns of the
/// matrix are linearly independent. If the entries are independent normal numbers, Q is uniform
/// over the matrices with orthonormal columns (Mezzadri 2007, "How to generate random matrices from
/// the classical compact groups").
///
/// Runs on the calling thread alone. On one instruction set the bits depend on the matrix alone;
/// different ones may differ by rounding, for they add in vectors of different lengths.
///
/// matrix: [rows, columns], rows >= columns. q_transposed: [columns, rows], without gaps.
void orthonormal_columns(const ConstRowsView<double>& matrix, RowsView<double> q_transposed);

}  // namespace echocell
