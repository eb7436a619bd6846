// Matrices with orthonormal columns, for initial weights.
#pragma once

#include "numerics/shape.hpp"

namespace echocell {

/// The Q of matrix = Q R with diag(R) >= 0, which is unique where the columns are linearly
/// independent. If the entries are independent normal numbers, Q is uniform over the matrices with
/// orthonormal columns (Mezzadri 2007, "How to generate random matrices from the classical compact
/// groups").
///
/// Runs on the calling thread alone. On one instruction set the bits depend on the matrix alone;
/// different ones may differ by rounding, for they add in vectors of different lengths.
///
/// matrix: [rows, columns] row-major, rows >= columns. q: the same shape, column-major.
void orthonormal_columns(const double* matrix, Index rows, Index columns, double* q);

}  // namespace echocell
