// Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins
// 2000; peepholes: Gers, Schraudolph & Schmidhuber 2002), every part of which can be switched off.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include <string>

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent_layer.hpp"

namespace echocell {

struct LSTMOptions;

/// The equations of one step. Blocks of the kernel in the order i, f, c, o; those of absent gates
/// are left out: gates = "io" has i, c, o. An absent gate is 1. coupled: f = 1 - i, without a
/// block.
template <class Scalar>
class LSTMCell : public RecurrentCell<LSTMCell<Scalar>, Scalar> {
 public:
  explicit LSTMCell(const LSTMOptions& options);

  void plan(Recurrence<Scalar>& walk, bool training, Workspace& workspace) const;
  void forward(Recurrence<Scalar>& walk, Index t) const;
  void backward(Recurrence<Scalar>& walk, Index t) const;
  void write_weight_gradients(Recurrence<Scalar>& walk) const;
  std::vector<Trace<Scalar>> trace(const Recurrence<Scalar>& walk) const;

 private:
  struct Gate {
    Index block = -1;     // of the kernel; -1: the gate is absent
    Index peephole = -1;  // row of the peephole kernel; -1: none

    bool exists() const { return block >= 0; }
    bool has_peephole() const { return peephole >= 0; }
  };

  template <class Activations>
  void forward_step(const Recurrence<Scalar>& walk, Index t, const Activations& activations) const;
  template <class Activations>
  void backward_step(const Recurrence<Scalar>& walk, Index t, const Activations& activations) const;
  void write_peephole_gradient(const Recurrence<Scalar>& walk) const;

  Activation gate_activation_, output_activation_;
  bool coupled_;
  Gate input_, forget_, output_;
  Index candidate_;  // block
};

template <class Scalar>
using LSTM = Recurrent<Scalar, LSTMCell<Scalar>>;

struct LSTMOptions : RecurrentSettings, MakesLayer<LSTMOptions, LSTM> {
  Activation recurrent_activation = Activation::sigmoid;
  Activation output_activation = Activation::tanh;
  bool peephole = false;
  std::string gates = "ifo";
  bool coupled = false;
};

}  // namespace echocell
