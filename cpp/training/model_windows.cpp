// The members of Model that take one batch, in windows where truncated backpropagation asks for
// them; see windows.hpp.
#include "training/model.hpp"

namespace echocell {

template <class Scalar>
void Model<Scalar>::require_windows(Index bptt_steps) const {
  if (bptt_steps == 0) return;
  if (const auto reason = network_.why_not_divisible()) {
    throw std::invalid_argument("bptt_steps: expected a model that can run one part of a " +
                                std::string("sequence after the other, but ") + *reason);
  }
  // Where only the end is trained, the end of each row must be known before the model runs.
  const auto masking = network_.last_masking_layer();
  if (!masking || network_.timed_output()) return;
  if (!network_.input_mask_value()) {
    throw std::invalid_argument(
        "bptt_steps: where the last output alone is trained, the first layer, and no other, may "
        "mask steps; layer " +
        std::to_string(*masking) + " does so, too");
  }
  if (const auto layer = network_.layer_showing_masked_end()) {
    throw std::invalid_argument(
        "bptt_steps: rows are walked without their masked steps, but layer " +
        std::to_string(*layer) + " has zero_output_for_mask=True for the last output");
  }
}

/// Trains or evaluates, in windows where a batch is longer than that. Rows that are masked are then
/// taken as the sequences that they stand for.
template <class Scalar>
void Model<Scalar>::run_batch(const Dataset<Scalar>& data, const Part& batch, bool training,
                              Index bptt_steps, Tally& tally, Observer& observer) {
  const bool in_windows = bptt_steps > 0 && bptt_steps < batch.steps;
  const auto mask_value = in_windows ? network_.input_mask_value() : std::nullopt;
  if (mask_value && unpadded_.load(data, batch, *mask_value, head_->timed())) {
    const Part rows = whole(unpadded_.set(), unpadded_.order(), batch.rows);
    run_part(unpadded_.set(), rows, training, bptt_steps, tally, observer);
  } else {
    run_part(data, batch, training, bptt_steps, tally, observer);
  }
}

template <class Scalar>
void Model<Scalar>::run_part(const Dataset<Scalar>& data, const Part& batch, bool training,
                             Index bptt_steps, Tally& tally, Observer& observer) {
  double loss = 0;
  if (bptt_steps > 0 && bptt_steps < batch.steps) {
    loss = walk(data, batch, training, bptt_steps, tally, observer);
  } else {
    const Carrier carrier{states_, false};
    loss = (training ? train_part(data, batch, carrier, tally, observer)
                     : evaluate_part(data, batch, carrier, tally, observer))
               .loss;
  }
  tally.loss += loss * static_cast<double>(batch.rows);
  tally.samples += static_cast<double>(batch.rows);
}

/// Window after window, with states of its own: those of stateful layers are handed over at the
/// end, so that a walk that is broken off leaves them as they were. Gives the mean loss.
template <class Scalar>
double Model<Scalar>::walk(const Dataset<Scalar>& data, const Part& batch, bool training,
                           Index bptt_steps, Tally& tally, Observer& observer) {
  const bool timed = head_->timed();
  const Windows windows(batch.steps, bptt_steps, !timed);
  const Carrier carrier{walking_, true};
  Part aligned = batch;
  // Where the end is trained, all sequences must end in the last window.
  if (!timed && data.ragged()) aligned.end = batch.steps;
  if (network_.stateful()) states_.require(batch.rows);
  walking_.restart(batch.rows, states_);
  Mean mean;
  for (Index n = 0; n < windows.count(); ++n) {
    if (observer.check()) throw Interrupted();
    const Part part = aligned.window(windows[n].first, windows[n].steps);
    if (!timed && n + 1 < windows.count()) {
      pass_over(data, part, training, observer);
      continue;
    }
    const PartLoss loss = training ? train_part(data, part, carrier, tally, observer)
                                   : evaluate_part(data, part, carrier, tally, observer);
    mean.add(loss.loss, loss.valid);
  }
  if (network_.stateful()) states_.take_stateful(walking_);
  return mean.value();
}

/// A window without targets: only the states go on.
template <class Scalar>
void Model<Scalar>::pass_over(const Dataset<Scalar>& data, const Part& part, bool training,
                              Observer& observer) {
  Plan& current = plan_for(data, part, training, false);
  const Random random = training ? next_stream() : Random{};
  forward(current, data, part, {training, random, &observer}, {walking_, true});
  require_finite_batch(current, observer);
  walking_.commit();
}

template void Model<float>::require_windows(Index) const;
template void Model<double>::require_windows(Index) const;
template void Model<float>::run_batch(const Dataset<float>&, const Part&, bool, Index, Tally&,
                                      Observer&);
template void Model<double>::run_batch(const Dataset<double>&, const Part&, bool, Index, Tally&,
                                       Observer&);

}  // namespace echocell
