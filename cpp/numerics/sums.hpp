// Sums in double, whose order depends on nothing but how many numbers there are.
#pragma once

#include "numerics/eigen.hpp"

namespace echocell {

/// The sum of term(x) over all numbers x, in double; term(0) is 0. Eight sums run side by side.
template <class Scalar, class Term>
double sum_in_double(const ConstArrayView<Scalar>& numbers, const Term& term) {
  constexpr int kSums = 8;
  using Terms = FixedArray<double, kSums>;
  const Index rest = numbers.size() % kSums, whole = numbers.size() - rest;
  Terms sums = Terms::Zero(), last = Terms::Zero();
  for (Index k = 0; k < whole; k += kSums) {
    sums += term(Terms(numbers.template segment<kSums>(k).template cast<double>()));
  }
  last.head(rest) = numbers.tail(rest).template cast<double>();
  return (sums + term(last)).sum();
}

template <class Scalar>
double sum_of_squares(const ConstArrayView<Scalar>& numbers) {
  using Terms = FixedArray<double, 8>;
  return sum_in_double<Scalar>(numbers, [](const Terms& x) -> Terms { return x.square(); });
}

template <class Scalar>
double sum_of_magnitudes(const ConstArrayView<Scalar>& numbers) {
  using Terms = FixedArray<double, 8>;
  return sum_in_double<Scalar>(numbers, [](const Terms& x) -> Terms { return x.abs(); });
}

}  // namespace echocell
