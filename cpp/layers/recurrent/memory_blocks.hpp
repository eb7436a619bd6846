// The memory blocks of Hochreiter & Schmidhuber (1997): cells that share their gates, and a hidden
// layer in which every unit, gates too, feeds every other ("full gate recurrence" in Greff et al.
// 2017). The forget gate is that of Gers, Schmidhuber & Cummins (2000).
#pragma once

#include <string>

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent.hpp"

namespace echocell {

struct MemoryBlocksOptions;

/// The hidden layer as one block of H columns: first the cells, block after block, then the input
/// gates, the forget gates and the output gates, one of each per block. The state h holds what all
/// of them put out; only that of the cells leaves the layer.
template <class Scalar>
class MemoryBlocksCell : public RecurrentCell {
 public:
  explicit MemoryBlocksCell(const MemoryBlocksOptions& options);

  Index state_count() const { return 2; }

  void plan(Unrolled<Scalar>& u, bool training, Workspace& workspace) const;
  void forward(Unrolled<Scalar>& u, Index t) const;
  void backward(Unrolled<Scalar>& u, Index t) const;
  void write_weight_gradients(Unrolled<Scalar>& u) const;
  std::vector<Trace<Scalar>> trace(const Unrolled<Scalar>& u) const;

 private:
  template <class Activations>
  void activate_units(Unrolled<Scalar>& u, Index t, const Activations& activations) const;
  template <class Activations>
  void update_cells(Unrolled<Scalar>& u, Index t, const Activations& activations) const;
  template <class Activations>
  void load_derivatives(Unrolled<Scalar>& u, Index t, const Activations& activations) const;
  void backward_cells(Unrolled<Scalar>& u, Index t) const;

  Activation gate_activation_, output_activation_;
  Index cells_;                     // of all blocks
  Index cells_in_each_;             // of one block
  Index i_ = -1, f_ = -1, o_ = -1;  // the first unit of these gates; -1: none
};

template <class Scalar>
using MemoryBlocks = Recurrent<Scalar, MemoryBlocksCell<Scalar>>;

/// units counts all hidden units, outputs the cells.
struct MemoryBlocksOptions : RecurrentSettings, MakesLayer<MemoryBlocksOptions, MemoryBlocks> {
  Index blocks = 1;
  std::string gates = "ifo";
  Activation recurrent_activation = Activation::sigmoid;
  Activation output_activation = Activation::tanh;
};

}  // namespace echocell
