// One time step at a time through all layers, for those who read a sequence as it comes.
#pragma once

#include <memory>

#include "training/network/batch.hpp"
#include "training/network/states.hpp"

namespace echocell {

/// Holds the plan of a step, so that a step looks up and allocates nothing. B rows, F numbers per
/// row of a step of the input (1 where the model begins with an Embedding: an id), H of the output.
template <class Scalar>
class Stepper {
 public:
  explicit Stepper(const Network<Scalar>& network) : network_(network) {}

  bool is_prepared(Index batch) const { return plan_ != nullptr && plan_->key().rows == batch; }
  /// Looks up what a step takes and gives, unless that is done. Throws std::invalid_argument where
  /// the model needs whole sequences.
  void learn_shapes();
  /// Plans for so many rows, unless that is done. After learn_shapes(). When it throws, the plan
  /// that there was is kept.
  void prepare(Index batch);
  /// Of one row of a step, [F] and [H, ...]. After learn_shapes().
  Index input_width() const { return input_width_; }
  const Shape& output_shape() const { return output_shape_; }
  /// About how many multiplications a step is. After prepare().
  Index work() const { return work_; }

  /// x [B, F] -> y [B, H, ...], for the B of prepare(). All layers with states begin with what is
  /// carried and carry their new states on. Where a row is masked the state stands still, and a
  /// recurrent layer puts it out again. When it throws, the states are as before.
  void run(States<Scalar>& states, Span<const Scalar> x, Span<Scalar> y, Interrupt* interrupt);
  /// Memory that the plan holds.
  Index bytes() const { return plan_ ? plan_->bytes() : 0; }
  /// Lets go of it, until the next prepare().
  void release() { plan_.reset(); }

 private:
  void run_slice(Slice<Scalar>& slice, Span<const Scalar> x, Span<Scalar> y,
                 Interrupt* interrupt) const;

  const Network<Scalar>& network_;
  std::unique_ptr<Batch<Scalar>> plan_;
  Shape sample_, output_shape_;  // of one row; the sample with a time axis of 1
  Index input_width_ = 0, output_width_ = 0, work_ = 0;
};

}  // namespace echocell
