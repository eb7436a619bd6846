// The weights of a recurrent layer by name.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <vector>

#include "layers/parameter.hpp"
#include "numerics/tensor.hpp"

namespace echocell {

/// The weights (Scalar is const), or their gradients. What the layer does not have is null.
template <class Scalar>
struct RecurrentWeights {
  Panels<Scalar> kernel;            // [F, N]
  Panels<Scalar> recurrent_kernel;  // [H, N]
  Span<Scalar> bias;                // [1 or 2, N]; GRU's second one is that of h R
  Tensor<Scalar> peephole_kernel;   // [peepholes, 1, Hp]

  Span<Scalar> bias_row(Index k) const {
    return bias.part(k * recurrent_kernel.cols, recurrent_kernel.cols);
  }
  ArrayView<Scalar> peephole_row(Index k) const { return peephole_kernel.row(k, 0); }

  /// Finds them in the layer's block of numbers.
  void bind(const Span<Scalar>& block, const std::vector<Parameter>& parameters) {
    if (block.data == block_.data) return;
    *this = {};
    block_ = block;
    for (const Parameter& parameter : parameters) {
      const Placement place = parameter.placement();
      const Span<Scalar> numbers = place.span(block);
      if (parameter.name == "kernel") kernel = place.panels(block);
      if (parameter.name == "recurrent_kernel") recurrent_kernel = place.panels(block);
      if (parameter.name == "bias") bias = numbers;
      if (parameter.name == "peephole_kernel") {
        const Index rows = parameter.shape[0];
        peephole_kernel = {numbers.data, rows, 1, numbers.size / rows};
      }
    }
  }

 private:
  Span<Scalar> block_;
};

}  // namespace echocell
