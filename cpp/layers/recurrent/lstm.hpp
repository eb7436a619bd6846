// Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins
// 2000; peepholes: Gers, Schraudolph & Schmidhuber 2002), every part of which can be switched off.
#pragma once

#include <string>

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent.hpp"

namespace echocell {

struct LSTMOptions;

/// The equations of one step. Blocks of the kernel in the order i, f, c, o; those of absent gates
/// are left out: gates = "io" has i, c, o. An absent gate is 1. coupled: f = 1 - i, without a
/// block.
template <class Scalar>
class LSTMCell : public RecurrentCell {
 public:
  explicit LSTMCell(const LSTMOptions& options);

  Index blocks() const { return blocks_; }
  Index state_count() const { return 2; }
  Index peepholes() const { return peepholes_; }

  void plan(Unrolled<Scalar>& u, bool training, Workspace& workspace) const;
  void forward(Unrolled<Scalar>& u, Index t) const;
  void backward(Unrolled<Scalar>& u, Index t) const;
  void write_weight_gradients(Unrolled<Scalar>& u) const;
  std::vector<Trace<Scalar>> trace(const Unrolled<Scalar>& u) const;

 private:
  template <class Activations>
  void forward_step(Unrolled<Scalar>& u, Index t, const Activations& activations) const;
  template <class Activations>
  void backward_step(Unrolled<Scalar>& u, Index t, const Activations& activations) const;

  Activation gate_activation_, output_activation_;
  bool coupled_;
  // Which block of the kernel, and which row of the peepholes, a gate has; -1: none.
  Index i_ = -1, f_ = -1, c_ = -1, o_ = -1;
  Index pi_ = -1, pf_ = -1, po_ = -1;
  Index blocks_ = 0, peepholes_ = 0;
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
