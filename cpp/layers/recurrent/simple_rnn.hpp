// The fully connected recurrent layer (Elman 1990): h' = tanh(x W + h R + b).
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent_layer.hpp"

namespace echocell {

struct SimpleRNNOptions;

template <class Scalar>
class SimpleRNNCell : public RecurrentCell<SimpleRNNCell<Scalar>, Scalar> {
 public:
  explicit SimpleRNNCell(const SimpleRNNOptions& options);

  void plan(Recurrence<Scalar>&, bool, Workspace&) const {}
  void forward(Recurrence<Scalar>& walk, Index t) const;
  void backward(Recurrence<Scalar>& walk, Index t) const;
  void write_weight_gradients(Recurrence<Scalar>& walk) const;
  std::vector<Trace<Scalar>> trace(const Recurrence<Scalar>& walk) const;
};

template <class Scalar>
using SimpleRNN = Recurrent<Scalar, SimpleRNNCell<Scalar>>;

struct SimpleRNNOptions : RecurrentSettings, MakesLayer<SimpleRNNOptions, SimpleRNN> {};

}  // namespace echocell
