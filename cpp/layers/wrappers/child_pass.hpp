// The Pass of a layer inside a wrapper.
#pragma once

#include <memory>
#include <vector>

#include "layers/layer.hpp"

namespace echocell {

/// The pass and the cache of a layer inside another. The vectors of the pass get their lengths in
/// plan(), so that forward() and backward() allocate nothing.
template <class Scalar>
struct Child {
  std::unique_ptr<Cache> cache;
  Pass<Scalar> pass;

  void plan(const Layer<Scalar>& layer, const Shape& input, Index batch, Use use,
            Workspace& workspace) {
    cache = layer.plan(input, batch, use, workspace);
    pass.cache = cache.get();
    pass.inputs.resize(1);
    pass.input_gradients.resize(1);
    const std::size_t states = layer.state_widths().size();
    pass.initial_state.resize(states);
    pass.final_state.resize(states);
    pass.final_state_gradient.resize(states);
    pass.initial_state_gradient.resize(states);
  }

  /// Copies from the parent's pass what the child's has in common with it. The child's parameters,
  /// `count` of them, begin at `offset` of the parent's, its states at entry `first_state`.
  void take_over(const Pass<Scalar>& parent, Index offset, Index count, std::size_t first_state) {
    pass.parameters = parent.parameters.part(offset, count);
    pass.gradients = parent.gradients.part(offset, count);
    pass.gradients_kept = parent.gradients_kept;
    take_entries(parent.initial_state, first_state, pass.initial_state);
    take_entries(parent.final_state, first_state, pass.final_state);
    take_entries(parent.final_state_gradient, first_state, pass.final_state_gradient);
    take_entries(parent.initial_state_gradient, first_state, pass.initial_state_gradient);
    pass.training = parent.training;
    pass.random = parent.random;
    pass.first_row = parent.first_row;
    pass.row_labels = parent.row_labels;
    pass.row_block = parent.row_block;
    pass.interrupt = parent.interrupt;
  }

 private:
  template <class State>
  static void take_entries(const std::vector<State>& from, std::size_t first,
                           std::vector<State>& to) {
    for (std::size_t k = 0; k < to.size(); ++k) {
      to[k] = first + k < from.size() ? from[first + k] : State{};
    }
  }
};

}  // namespace echocell
