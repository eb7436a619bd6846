// The steps of a slice that count. A masked step leaves a recurrence where it was, so what counts
// of a row is a shorter sequence, wherever its padding stands: a walk over these sequences costs as
// much as they are long.
//
// B batch, T time steps with the masked ones.
#pragma once

#include "numerics/tensor.hpp"
#include "numerics/workspace.hpp"

namespace echocell {

/// The rows of a slice, longest first, each without its masked steps. Step t of the walk has one
/// row for each sequence of t steps or more: those that take this step come first, those that have
/// just ended stand behind them. The rows of all steps lie without gaps, one step after the other.
/// Where nothing is masked, every step has all rows, in their order.
class ValidSteps {
 public:
  /// Where a row comes from: row b of the slice at step t, in processing order; t = T: it has
  /// ended.
  struct Place {
    Index t = 0, b = 0;
  };

  void plan(Index T, Index B, bool masked, Workspace& workspace);
  /// Reads a mask [T, B]. reversed: the walk goes from its last step to its first.
  void load(const Mask& mask, bool reversed);

  /// Whether a step is masked.
  bool masked() const { return masked_; }
  /// The steps of the longest sequence.
  Index longest() const { return masked_ ? length_.data[0] : T_; }
  /// The steps of sequence k, and its row in the slice.
  Index length(Index k) const { return masked_ ? length_.data[k] : T_; }
  Index source(Index k) const { return masked_ ? order_.data[k] : k; }
  /// The first row of step t; that of step longest() + 1 is the number of rows in all.
  EIGEN_ALWAYS_INLINE Index start(Index t) const { return masked_ ? start_.data[t] : t * B_; }
  /// The rows of step t: those with a state in front of it; and those that take it.
  EIGEN_ALWAYS_INLINE Index rows(Index t) const { return masked_ ? start(t + 1) - start(t) : B_; }
  EIGEN_ALWAYS_INLINE Index active(Index t) const { return rows(t + 1); }
  /// The places of a row, and of row k of step t.
  Place place(Index row) const { return masked_ ? place_.data[row] : Place{row / B_, row % B_}; }
  Place place(Index t, Index k) const { return masked_ ? place_.data[start(t) + k] : Place{t, k}; }

  /// visit(s, k, b, t): row k of step s has the state of row b of the slice after its step t. A
  /// masked step has that of the step before it; s = 0: none was valid yet.
  template <class Visit>
  void for_each_state(const Visit& visit) const {
    for (Index s = 0; s <= longest(); ++s) {
      for (Index k = 0; k < rows(s); ++k) {
        const auto [end, b] = place(s, k);
        for (Index t = s == 0 ? 0 : place(s - 1, k).t; t < end; ++t) visit(s, k, b, t);
      }
    }
  }

 private:
  void sort();
  void list_places(const Mask& mask, bool reversed);

  Index T_ = 0, B_ = 0;
  bool masked_ = false;
  Span<Index> length_;  // [B]
  Span<Index> order_;   // [B]
  Span<Index> start_;   // [T + 2]
  Span<Place> place_;   // [(T + 1) B]
};

}  // namespace echocell
