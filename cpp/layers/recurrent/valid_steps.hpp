// The steps of a masked slice that count. A masked step leaves a recurrence where it was, so what
// counts of a row is a shorter sequence, wherever its padding stands: a walk over these sequences
// costs as much as they are long.
#pragma once

#include "numerics/tensor.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// The rows of a slice, longest first, each without its masked steps. Step t of the walk has one
/// row for each sequence of t steps or more: those that take this step come first, those that have
/// just ended stand behind them. The rows of all steps lie without gaps, one step after the other.
///
/// B rows in the slice, T time steps with the masked ones.
class ValidSteps {
 public:
  /// Where a row comes from: row b of the slice at step t; t = T: it has ended.
  struct Place {
    Index t = 0, b = 0;
  };

  void plan(Index T, Index B, Workspace& workspace);
  /// Reads a mask [T, B]. reversed: the walk goes from its last step to its first.
  void load(const Mask& mask, bool reversed);

  /// Is no step masked?
  bool all() const { return length_[B_ - 1] == T_; }
  /// The steps of the longest sequence.
  Index longest() const { return length_[0]; }
  /// The steps of sequence k, and its row in the slice.
  Index length(Index k) const { return length_[k]; }
  Index source(Index k) const { return order_[k]; }
  /// The first row of step t; that of step longest() + 1 is the number of rows in all.
  Index start(Index t) const { return start_[t]; }
  /// In processing order, for each row.
  const Place& place(Index row) const { return place_[row]; }

 private:
  void sort();
  void list_places(const Mask& mask, bool reversed);

  Index T_ = 0, B_ = 0;
  Index* length_ = nullptr;  // [B]
  Index* order_ = nullptr;   // [B]
  Index* start_ = nullptr;   // [T + 2]
  Place* place_ = nullptr;   // [(T + 1) B]
};

}  // namespace echocell
