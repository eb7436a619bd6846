// The interface of a recurrent cell: the equations of one step.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <type_traits>
#include <vector>

#include "layers/layer.hpp"
#include "layers/recurrent/settings.hpp"

namespace echocell {

template <class Scalar>
struct Recurrence;

/// The parts of a cell. The constructor of a cell sets those that differ from the defaults.
struct CellShape {
  Index units = 0;            // H
  Index outputs = 0;          // the first units: they leave the layer, and have a cell state
  Index blocks = 1;           // n
  Index bias_rows = 1;        // 2: one of them for h R
  Index peepholes = 0;        // rows of the peephole kernel
  bool kernel = true;         // there is one; else the inputs are added to the gates
  bool cell_state = false;    // the state is h and c, not h alone
  bool blocks_apart = false;  // some blocks of the recurrent kernel are multiplied alone
};

/// The base of cells. Derived is the cell, which defines, all of them const:
///
///   plan(recurrence, training, workspace)  takes what it needs beyond gates, h and dh
///   forward(recurrence, t)   the gates of step t hold x W + b: writes gates, h(t + 1), c(t + 1)
///   backward(recurrence, t)  dh, dc hold the gradient of the state t + 1: turns the gates of
///                            step t into their gradient, and dh, dc into that of the state t
///   write_weight_gradients(recurrence)  of the segment: of the recurrent kernel, and of what else
///                            is the cell's own; that of the bias is there
///   trace(recurrence)        the gates by name; one segment holds all steps
///
/// Forward and backward are for the rows that take step t.
template <class Derived, class Scalar>
class RecurrentCell {
 public:
  const RecurrentSettings& settings() const { return settings_; }
  const CellShape& shape() const { return shape_; }

 protected:
  explicit RecurrentCell(const RecurrentSettings& settings) : settings_(settings) {
    using R = Recurrence<Scalar>;
    static_assert(kIs<decltype(&Derived::plan), void, R&, bool, Workspace&>);
    static_assert(kIs<decltype(&Derived::forward), void, R&, Index>);
    static_assert(kIs<decltype(&Derived::backward), void, R&, Index>);
    static_assert(kIs<decltype(&Derived::write_weight_gradients), void, R&>);
    static_assert(kIs<decltype(&Derived::trace), std::vector<Trace<Scalar>>, const R&>);
    shape_.units = shape_.outputs = settings.units;
  }

  RecurrentSettings settings_;
  CellShape shape_;

 private:
  /// Whether this is the type of such a member function of Derived.
  template <class Function, class Result, class... Arguments>
  static constexpr bool kIs = std::is_same_v<Function, Result (Derived::*)(Arguments...) const>;
};

}  // namespace echocell
