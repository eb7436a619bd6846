#include "training/states.hpp"

#include <algorithm>

namespace echocell {

void require_batch(Index carried, Index batch) {
  if (carried == batch) return;
  throw std::invalid_argument("the model carries states for a batch of " + std::to_string(carried) +
                              " samples: expected a batch size of " + std::to_string(carried) +
                              ", received " + std::to_string(batch) +
                              "; call reset_states() before another batch size");
}

template <class S>
States<S>::States(const Network<S>& network) : network_(network) {
  for (const Node& node : network.nodes()) {
    stateful_.push_back(network.layer(node).stateful());
    widths_.push_back(network.layer(node).state_widths());
  }
}

template <class S>
typename States<S>::Set States<S>::allocate(Index batch) const {
  Set set;
  for (const auto& widths : widths_) {
    set.emplace_back();
    for (Index width : widths) set.back().emplace_back(batch * width);
  }
  return set;
}

template <class S>
void States<S>::require(Index batch) {
  if (batch_ != 0) require_batch(batch_, batch);
  if (room_ == batch) return;  // zeros, for what a batch that is broken off wrote is in next_
  Set current = allocate(batch), next = allocate(batch);
  current_ = std::move(current);
  next_ = std::move(next);
  room_ = batch;
}

template <class S>
void States<S>::set(Index node, Index batch, const std::vector<const S*>& values) {
  require(batch);
  for (std::size_t k = 0; k < values.size(); ++k) {
    Buffer<S>& state = current_[std::size_t(node)][k];
    std::copy_n(values[k], state.size(), state.data());
  }
  batch_ = batch;
}

template <class S>
void States<S>::bind(Batch<S>& batch, bool all_layers) {
  all_bound_ = all_layers;
  const bool carries = all_layers || network_.stateful();
  if (!carries && !batch.carries_states) return;
  batch.carries_states = carries;
  for (Slice<S>& slice : batch.slices()) {
    for (std::size_t n = 0; n < slice.passes.size(); ++n) {
      Pass<S>& pass = slice.passes[n];
      if (pass.initial_state.empty()) continue;
      const bool carried = all_layers || stateful_[n];
      for (std::size_t k = 0; k < widths_[n].size(); ++k) {
        const Index offset = slice.first_row * widths_[n][k];
        pass.initial_state[k] = carried ? current_[n][k].data() + offset : nullptr;
        pass.final_state[k] = carried ? next_[n][k].data() + offset : nullptr;
      }
    }
  }
}

template <class S>
void States<S>::commit() {
  for (std::size_t n = 0; n < current_.size(); ++n) {
    if (all_bound_ || stateful_[n]) {
      std::swap(current_[n], next_[n]);
      batch_ = room_;
    }
  }
}

template <class S>
void States<S>::clear() {
  current_.clear();
  next_.clear();
  batch_ = room_ = 0;
}

template <class S>
void States<S>::restart(Index batch, const States& carried) {
  if (batch_ != batch) clear();
  require(batch);
  batch_ = batch;
  for (std::size_t n = 0; n < current_.size(); ++n) zero(static_cast<Index>(n), nullptr);
  if (network_.stateful()) take_stateful(carried);
}

template <class S>
void States<S>::take_stateful(const States& from) {
  for (std::size_t n = 0; n < current_.size(); ++n) {
    if (!stateful_[n]) continue;
    for (std::size_t k = 0; k < current_[n].size(); ++k) {
      const Buffer<S>& values = from.current_[n][k];
      std::copy_n(values.data(), values.size(), current_[n][k].data());
    }
  }
  batch_ = room_;
}

template <class S>
void States<S>::zero(Index node, const std::vector<Index>* rows) {
  if (batch_ == 0) return;
  if (rows != nullptr) require_rows(*rows);
  for (Buffer<S>& state : current_[std::size_t(node)]) {
    const Index width = state.size() / batch_;
    if (rows == nullptr) {
      state.zero();
      continue;
    }
    for (Index row : *rows) std::fill_n(state.data() + row * width, width, S(0));
  }
}

template <class S>
void States<S>::require_rows(const std::vector<Index>& rows) const {
  for (Index row : rows) {
    if (row >= 0 && row < batch_) continue;
    throw std::invalid_argument("expected rows of 0 to " + std::to_string(batch_ - 1) +
                                " of the carried states, received " + std::to_string(row));
  }
}

template class States<float>;
template class States<double>;

}  // namespace echocell
