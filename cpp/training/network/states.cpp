#include "training/network/states.hpp"

namespace echocell {

void require_batch(Index carried, Index batch) {
  if (carried == batch) return;
  throw std::invalid_argument("the model carries states for a batch of " + std::to_string(carried) +
                              " samples: expected a batch size of " + std::to_string(carried) +
                              ", received " + std::to_string(batch) +
                              "; call reset_states() before another batch size");
}

template <class Scalar>
States<Scalar>::States(const Network<Scalar>& network) : network_(network) {
  for (const Node& node : network.nodes()) {
    stateful_.push_back(network.layer(node).stateful());
    widths_.push_back(network.layer(node).state_widths());
  }
}

template <class Scalar>
typename States<Scalar>::Set States<Scalar>::allocate(Index batch) const {
  Set set;
  for (const auto& widths : widths_) {
    set.emplace_back();
    for (Index width : widths) set.back().emplace_back(batch * width);
  }
  return set;
}

template <class Scalar>
void States<Scalar>::require(Index batch) {
  if (batch_ != 0) require_batch(batch_, batch);
  if (room_ == batch) return;  // zeros, for what a batch that is broken off wrote is in next_
  Set current = allocate(batch), next = allocate(batch);
  current_ = std::move(current);
  next_ = std::move(next);
  room_ = batch;
}

template <class Scalar>
void States<Scalar>::set(Index node, Index batch, const std::vector<Span<const Scalar>>& values) {
  require(batch);
  for (std::size_t k = 0; k < values.size(); ++k) {
    current_[std::size_t(node)][k].span().array() = values[k].array();
  }
  batch_ = batch;
}

template <class Scalar>
void States<Scalar>::bind(Batch<Scalar>& batch, bool all_layers) {
  all_bound_ = all_layers;
  const bool carries = all_layers || network_.stateful();
  if (!carries && !batch.carries_states) return;
  batch.carries_states = carries;
  for (Slice<Scalar>& slice : batch.slices()) {
    for (std::size_t n = 0; n < slice.passes.size(); ++n) {
      Pass<Scalar>& pass = slice.passes[n];
      if (pass.initial_state.empty()) continue;
      const bool carried = all_layers || stateful_[n];
      for (std::size_t k = 0; k < widths_[n].size(); ++k) {
        const Index width = widths_[n][k], offset = slice.first_row * width;
        const auto rows_of = [&](const auto& states) {
          return carried ? Tensor<Scalar>{states[n][k].data() + offset, 1, slice.rows, width}
                         : Tensor<Scalar>{};
        };
        pass.initial_state[k] = rows_of(current_);
        pass.final_state[k] = rows_of(next_);
      }
    }
  }
}

template <class Scalar>
void States<Scalar>::commit() {
  for (std::size_t n = 0; n < current_.size(); ++n) {
    if (all_bound_ || stateful_[n]) {
      std::swap(current_[n], next_[n]);
      batch_ = room_;
    }
  }
}

template <class Scalar>
void States<Scalar>::clear() {
  current_.clear();
  next_.clear();
  batch_ = room_ = 0;
}

template <class Scalar>
void States<Scalar>::restart(Index batch, const States& carried) {
  if (batch_ != batch) clear();
  require(batch);
  batch_ = batch;
  for (std::size_t n = 0; n < current_.size(); ++n) zero(static_cast<Index>(n), nullptr);
  if (network_.stateful()) take_stateful(carried);
}

template <class Scalar>
void States<Scalar>::take_stateful(const States& from) {
  for (std::size_t n = 0; n < current_.size(); ++n) {
    if (!stateful_[n]) continue;
    for (std::size_t k = 0; k < current_[n].size(); ++k) {
      current_[n][k].span().array() = from.current_[n][k].span().array();
    }
  }
  batch_ = room_;
}

template <class Scalar>
void States<Scalar>::zero(Index node, const std::vector<Index>* rows) {
  if (batch_ == 0) return;
  if (rows != nullptr) require_rows(*rows);
  for (Buffer<Scalar>& state : current_[std::size_t(node)]) {
    if (rows == nullptr) {
      state.zero();
      continue;
    }
    for (Index row : *rows) row_of(state.span().rows(batch_), row).setZero();
  }
}

template <class Scalar>
void States<Scalar>::require_rows(const std::vector<Index>& rows) const {
  for (Index row : rows) {
    if (row >= 0 && row < batch_) continue;
    throw std::invalid_argument("expected rows of 0 to " + std::to_string(batch_ - 1) +
                                " of the carried states, received " + std::to_string(row));
  }
}

template class States<float>;
template class States<double>;

}  // namespace echocell
