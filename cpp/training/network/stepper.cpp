#include "training/network/stepper.hpp"

#include <stdexcept>

#include "numerics/copy.hpp"
#include "numerics/denormals.hpp"
#include "numerics/parallel.hpp"

namespace echocell {

template <class Scalar>
void Stepper<Scalar>::learn_shapes() {
  if (!sample_.empty()) return;
  if (const auto reason = network_.why_not_divisible()) {
    throw std::invalid_argument("step() cannot run this model: " + *reason);
  }
  Shape sample = network_.input_shape();
  sample[0] = 1;  // the ids of an Embedding have no other axis
  Shape output = network_.tensor_shapes(sample).back();
  if (network_.timed_output()) output.erase(output.begin());
  input_width_ = volume(sample);
  output_width_ = volume(output);
  output_shape_ = std::move(output);
  sample_ = std::move(sample);
}

template <class Scalar>
void Stepper<Scalar>::prepare(Index batch) {
  if (is_prepared(batch)) return;
  const Index work = checked_product(batch, network_.work_per_step());
  plan_ = std::make_unique<Batch<Scalar>>(network_, BatchKey{batch, sample_});
  work_ = work;
}

template <class Scalar>
void Stepper<Scalar>::run(States<Scalar>& states, Span<const Scalar> x, Span<Scalar> y,
                          Interrupt* interrupt) {
  const DenormalGuard guard;
  states.require(plan_->key().rows);
  states.bind(*plan_, true);
  std::vector<Slice<Scalar>>& slices = plan_->slices();
  run_slices(static_cast<Index>(slices.size()), plan_->parallel(),
             [&](Index k) { run_slice(slices[std::size_t(k)], x, y, interrupt); });
  stop_if_requested(interrupt);
  states.commit();
}

/// With one time step, time-major and batch-major are the same.
template <class Scalar>
void Stepper<Scalar>::run_slice(Slice<Scalar>& slice, Span<const Scalar> x, Span<Scalar> y,
                                Interrupt* interrupt) const {
  const Tensor<Scalar>&input = slice.input(), &output = slice.output();
  copy_numbers(x.data + slice.first_row * input_width_, input.size(), input.data);
  plan_->forward(slice, {false, {}, interrupt, true});
  copy_numbers<Scalar>(output.data, output.size(), y.data + slice.first_row * output_width_);
}

template class Stepper<float>;
template class Stepper<double>;

}  // namespace echocell
