#include "training/network/unpadded_rows.hpp"

#include <algorithm>
#include <numeric>

namespace echocell {
namespace {

/// Copies of these rows of `from`, which is `count` rows.
template <class Scalar>
Span<const Scalar> take(Span<const Scalar> from, Index count, const std::vector<Index>& rows,
                        std::vector<Scalar>& copies) {
  const ConstRowsView<Scalar> all = from.rows(count);
  copies.resize(rows.size() * static_cast<std::size_t>(all.cols()));
  const Span<Scalar> to{copies.data(), static_cast<Index>(copies.size())};
  for (std::size_t r = 0; r < rows.size(); ++r) {
    to.part(static_cast<Index>(r) * all.cols(), all.cols()).array() = row_of(all, rows[r]);
  }
  return to;
}

}  // namespace

template <class Scalar>
bool UnpaddedRows<Scalar>::load(const Dataset<Scalar>& data, const Part& batch, Scalar mask_value,
                                bool timed) {
  find_steps(data, batch, mask_value);
  Index longest = 0, before = 0;
  for (std::size_t r = 0; r < samples_.size(); ++r) {
    longest = std::max(longest, starts_[r + 1] - starts_[r]);
    before += data.length(samples_[r]);
  }
  if (longest == 0 || starts_.back() == before) return false;
  set_ = {};
  set_.samples = batch.rows();
  set_.sample = data.sample;
  set_.sample[0] = longest;
  set_.starts = {starts_.data(), static_cast<Index>(starts_.size())};
  const Index all_steps = data.start(data.samples);
  const auto take_by = [&](bool step, Span<const Scalar> from, std::vector<Scalar>& copies) {
    return step ? take<Scalar>(from, all_steps, steps_, copies)
                : take<Scalar>(from, data.samples, samples_, copies);
  };
  set_.x = take_by(true, data.x, x_);
  set_.y = take_by(timed, data.y, y_);
  set_.target_size = timed ? data.target_size / data.steps() * longest : data.target_size;
  if (!data.weights) return true;
  const bool by_step = timed && data.weight_steps > 0;
  set_.weights = take_by(by_step, data.weights, weights_);
  set_.weight_steps = by_step ? longest : data.weight_steps;
  return true;
}

template <class Scalar>
void UnpaddedRows<Scalar>::find_steps(const Dataset<Scalar>& data, const Part& batch,
                                      Scalar mask_value) {
  const auto rows = static_cast<std::size_t>(batch.rows());
  order_.resize(rows);
  std::iota(order_.begin(), order_.end(), Index(0));
  samples_.resize(rows);
  for (Index r = 0; r < batch.rows(); ++r) {
    samples_[std::size_t(batch.labels ? batch.labels[r] : r)] = batch.order[r];
  }
  const ConstRowsView<Scalar> steps = data.step_rows();
  steps_.clear();
  starts_.assign(1, 0);
  for (Index k : samples_) {
    for (Index step = data.start(k); step < data.start(k + 1); ++step) {
      if ((row_of(steps, step) != mask_value).any()) steps_.push_back(step);
    }
    starts_.push_back(static_cast<Index>(steps_.size()));
  }
}

template class UnpaddedRows<float>;
template class UnpaddedRows<double>;

}  // namespace echocell
