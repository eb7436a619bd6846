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
        "mask steps; " +
        network_.layer_name(*masking) + " does so, too");
  }
  if (const auto layer = network_.layer_showing_masked_end()) {
    throw std::invalid_argument("bptt_steps: rows are walked without their masked steps, but " +
                                network_.layer_name(*layer) +
                                " has zero_output_for_mask=True for the last output");
  }
}

/// Trains or evaluates, in windows where a batch is longer than that. Rows that are masked are then
/// taken as the sequences that they stand for.
template <class Scalar>
void Model<Scalar>::run_batch(const Run& run, const Part& batch) {
  const bool in_windows = run.bptt_steps > 0 && run.bptt_steps < batch.steps;
  const auto mask_value = in_windows ? network_.input_mask_value() : std::nullopt;
  if (mask_value && unpadded_.load(run.data, batch, *mask_value, objective_->timed())) {
    const Dataset<Scalar>& rows = unpadded_.set();
    run_sequences({rows, run.training, run.bptt_steps, run.sums, run.observer},
                  whole(rows, unpadded_.order()));
  } else {
    run_sequences(run, batch);
  }
}

template <class Scalar>
void Model<Scalar>::run_sequences(const Run& run, const Part& batch) {
  const bool in_windows = run.bptt_steps > 0 && run.bptt_steps < batch.steps;
  const double loss =
      in_windows ? walk(run, batch) : run_part(run, batch, {states_, false}, true).mean;
  run.sums.loss += loss * static_cast<double>(batch.rows());
  run.sums.samples += static_cast<double>(batch.rows());
}

/// Window after window, with states of its own: those of stateful layers are handed over at the
/// end, so that a walk that is broken off leaves them as they were. Returns the mean loss.
template <class Scalar>
double Model<Scalar>::walk(const Run& run, const Part& batch) {
  const bool timed = objective_->timed();
  const Windows windows(batch.steps, run.bptt_steps, !timed);
  Part aligned = batch;
  // Where the end is trained, all sequences must end in the last window.
  if (!timed && run.data.ragged()) aligned.end = batch.steps;
  if (network_.stateful()) states_.require(batch.rows());
  walking_.restart(batch.rows(), states_);
  Mean mean;
  for (Index n = 0; n < windows.count(); ++n) {
    if (run.observer.check()) throw Interrupted();
    const bool scored = timed || n + 1 == windows.count();
    const Part part = aligned.window(windows[n].first, windows[n].steps);
    const Loss loss = run_part(run, part, {walking_, true}, scored);
    mean.add(loss.mean, loss.rows);
  }
  if (network_.stateful()) states_.take_stateful(walking_);
  return mean.value();
}

template void Model<float>::require_windows(Index) const;
template void Model<double>::require_windows(Index) const;
template void Model<float>::run_batch(const Run&, const Part&);
template void Model<double>::run_batch(const Run&, const Part&);

}  // namespace echocell
