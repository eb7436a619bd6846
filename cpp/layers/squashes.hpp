// The activations of a gated cell, as the loops over vectors take them: the usual ones are
// known when the loop is compiled, any others are looked up vector by vector.
#pragma once

#include "numerics/squash.hpp"

namespace echocell {

template <class S>
struct UsualSquash {
  using V = simd::Vector<S>;
  V gate(V z) const { return simd::sigmoid<S>(z); }
  V cell(V z) const { return simd::tanh<S>(z); }
  V output(V c) const { return simd::tanh<S>(c); }
  V gate_slope(V y) const { return y * (S(1) - y); }
  V cell_slope(V y) const { return S(1) - y * y; }
  V output_slope(V y) const { return S(1) - y * y; }
};

template <class S>
struct AnySquash {
  using V = simd::Vector<S>;
  Activation of_gates, of_cell, of_output;
  V gate(V z) const { return squash<S>(of_gates, z); }
  V cell(V z) const { return squash<S>(of_cell, z); }
  V output(V c) const { return squash<S>(of_output, c); }
  V gate_slope(V y) const { return slope<S>(of_gates, y); }
  V cell_slope(V y) const { return slope<S>(of_cell, y); }
  V output_slope(V y) const { return slope<S>(of_output, y); }
};

/// work(squash) with the activations of a cell: of its gates, of what goes into the cell, and of
/// what comes out of it.
template <class S, class Work>
void with_squash(Activation of_gates, Activation of_cell, Activation of_output, const Work& work) {
  if (of_gates == Activation::sigmoid && of_cell == Activation::tanh &&
      of_output == Activation::tanh) {
    work(UsualSquash<S>{});
  } else {
    work(AnySquash<S>{of_gates, of_cell, of_output});
  }
}

}  // namespace echocell
