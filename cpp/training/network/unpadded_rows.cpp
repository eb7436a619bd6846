#include "training/network/unpadded_rows.hpp"

#include <algorithm>
#include <numeric>

namespace echocell {

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
  set_.samples = batch.rows;
  set_.sample = data.sample;
  set_.sample[0] = longest;
  set_.starts = starts_.data();
  copy(data, timed);
  return true;
}

template <class Scalar>
void UnpaddedRows<Scalar>::find_steps(const Dataset<Scalar>& data, const Part& batch,
                                      Scalar mask_value) {
  const auto rows = static_cast<std::size_t>(batch.rows);
  order_.resize(rows);
  std::iota(order_.begin(), order_.end(), Index(0));
  samples_.resize(rows);
  for (Index r = 0; r < batch.rows; ++r) {
    samples_[std::size_t(batch.labels ? batch.labels[r] : r)] = batch.order[r];
  }
  const Index numbers = volume(data.sample) / data.steps();
  const auto counts = [=](Scalar number) { return number != mask_value; };
  steps_.clear();
  starts_.assign(1, 0);
  for (Index k : samples_) {
    const Scalar* step = data.x + data.start(k) * numbers;
    for (Index t = 0; t < data.length(k); ++t, step += numbers) {
      if (std::any_of(step, step + numbers, counts)) steps_.push_back(t);
    }
    starts_.push_back(static_cast<Index>(steps_.size()));
  }
}

template <class Scalar>
void UnpaddedRows<Scalar>::copy(const Dataset<Scalar>& data, bool timed) {
  // Of every sample, `size` numbers at once, or as many of each step that counts.
  const auto copy_rows = [&](const Scalar* from, Index size, std::vector<Scalar>& to) {
    to.clear();
    for (Index k : samples_) to.insert(to.end(), from + k * size, from + (k + 1) * size);
    return to.data();
  };
  const auto copy_steps = [&](const Scalar* from, Index size, std::vector<Scalar>& to) {
    to.clear();
    for (std::size_t r = 0; r < samples_.size(); ++r) {
      for (Index j = starts_[r]; j < starts_[r + 1]; ++j) {
        const Scalar* step = from + (data.start(samples_[r]) + steps_[std::size_t(j)]) * size;
        to.insert(to.end(), step, step + size);
      }
    }
    return to.data();
  };
  const Index steps = data.steps(), targets = timed ? data.target_size / steps : data.target_size;
  set_.x = copy_steps(data.x, volume(data.sample) / steps, x_);
  set_.y = timed ? copy_steps(data.y, targets, y_) : copy_rows(data.y, targets, y_);
  set_.target_size = timed ? targets * set_.steps() : targets;
  if (data.weights == nullptr) return;
  const bool by_step = timed && data.weight_steps > 0;
  set_.weights = by_step ? copy_steps(data.weights, 1, weights_)
                         : copy_rows(data.weights, std::max<Index>(data.weight_steps, 1), weights_);
  set_.weight_steps = by_step ? set_.steps() : data.weight_steps;
}

template class UnpaddedRows<float>;
template class UnpaddedRows<double>;

}  // namespace echocell
