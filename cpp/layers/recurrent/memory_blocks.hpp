// The memory blocks of Hochreiter & Schmidhuber (1997): cells that share their gates, and a hidden
// layer in which every unit, gates too, feeds every other ("full gate recurrence" in Greff et al.
// 2017). The forget gate is that of Gers, Schmidhuber & Cummins (2000).
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <string>

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent_layer.hpp"

namespace echocell {

struct MemoryBlocksOptions;

/// The hidden layer as one block of H columns: first the cells, block after block, then the input
/// gates, the forget gates and the output gates, one of each per block. The state h holds what all
/// of them put out; only that of the cells leaves the layer.
template <class Scalar>
class MemoryBlocksCell : public RecurrentCell<MemoryBlocksCell<Scalar>, Scalar> {
 public:
  explicit MemoryBlocksCell(const MemoryBlocksOptions& options);

  void plan(Recurrence<Scalar>& walk, bool training, Workspace& workspace) const;
  void forward(Recurrence<Scalar>& walk, Index t) const;
  void backward(Recurrence<Scalar>& walk, Index t) const;
  void write_weight_gradients(Recurrence<Scalar>& walk) const;
  std::vector<Trace<Scalar>> trace(const Recurrence<Scalar>& walk) const;

 private:
  template <class Activations>
  void activate_units(const Recurrence<Scalar>& walk, Index t,
                      const Activations& activations) const;
  template <class Activations>
  void update_cells(const Recurrence<Scalar>& walk, Index t, const Activations& activations) const;
  template <class Activations>
  void load_derivatives(const Recurrence<Scalar>& walk, Index t,
                        const Activations& activations) const;
  void backward_cells(const Recurrence<Scalar>& walk, Index t) const;

  Activation gate_activation_, output_activation_;
  Index cells_;                                   // of all blocks
  Index cells_in_each_;                           // of one block
  Index first_bias_;                              // the biases of the units before it are 0
  Index input_ = -1, forget_ = -1, output_ = -1;  // the first unit of these gates; -1: none
};

/// The layer: adds to the walk through time the inputs without a kernel, and the shortcut.
template <class Scalar>
class MemoryBlocks final : public Recurrent<Scalar, MemoryBlocksCell<Scalar>> {
 public:
  explicit MemoryBlocks(const MemoryBlocksOptions& options);

  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;

 private:
  using Base = Recurrent<Scalar, MemoryBlocksCell<Scalar>>;
  using typename Base::Walk;

  void project_input(Walk& walk) const override;
  void write_kernel_gradient(const Pass<Scalar>& pass, Walk& walk) const override;
  void write_input_gradient(const Pass<Scalar>& pass, Walk& walk) const override;
  void write_shortcut(const Pass<Scalar>& pass) const;
  void add_shortcut_gradient(const Pass<Scalar>& pass) const;

  bool use_kernel_, shortcut_;
};

/// units counts all hidden units, outputs the cells.
struct MemoryBlocksOptions : RecurrentSettings, MakesLayer<MemoryBlocksOptions, MemoryBlocks> {
  Index blocks = 1;
  Index outputs = 1;
  std::string gates = "ifo";
  Activation recurrent_activation = Activation::sigmoid;
  Activation output_activation = Activation::tanh;
  Index first_bias = 0;    // the biases of the units before it are 0
  bool use_kernel = true;  // without a kernel the input is added to the units as it is
  bool shortcut = false;   // the input of a step is put out too, behind the cells
};

}  // namespace echocell
