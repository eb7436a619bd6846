// A batch whose rows are padded and masked, as the sequences of different lengths it stands for.
#pragma once

#include <vector>

#include "training/network/dataset.hpp"

namespace echocell {

/// A copy of some rows of a data set without their masked steps. Sequences of different lengths
/// that are walked in windows are aligned so that each window holds steps that count; masked rows
/// are walked as such sequences.
///
/// Memory is kept from batch to batch.
template <class Scalar>
class UnpaddedRows {
 public:
  /// Takes the samples of a batch, all steps of them but those that hold nothing but `mask_value`.
  /// timed: there is an output at every step, so targets and weights lose the same steps. False,
  /// and nothing is taken, where no step is masked, or all are.
  bool load(const Dataset<Scalar>& data, const Part& batch, Scalar mask_value, bool timed);

  /// The samples in the order of the batch before whole() sorted it. Valid until the next load().
  const Dataset<Scalar>& set() const { return set_; }
  /// [0, 1, ...]: an index for each of them.
  Span<const Index> order() const { return {order_.data(), set_.samples}; }

 private:
  void find_steps(const Dataset<Scalar>& data, const Part& batch, Scalar mask_value);

  Dataset<Scalar> set_;
  std::vector<Index> order_, samples_;  // of the rows: their numbers here, and in the data set
  std::vector<Index> steps_;            // all that count, as steps of the data set, row after row
  std::vector<Index> starts_;           // [rows + 1]: where those of each row start
  std::vector<Scalar> x_, y_, weights_;
};

}  // namespace echocell
