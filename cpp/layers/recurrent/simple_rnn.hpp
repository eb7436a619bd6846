// The fully connected recurrent layer (Elman 1990): h' = tanh(x W + h R + b).
#pragma once

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent.hpp"

namespace echocell {

struct SimpleRNNOptions;

template <class Scalar>
class SimpleRNNCell : public RecurrentCell {
 public:
  explicit SimpleRNNCell(const SimpleRNNOptions& options);

  void plan(Unrolled<Scalar>&, bool, Workspace&) const {}
  void forward(Unrolled<Scalar>& u, Index t) const;
  void backward(Unrolled<Scalar>& u, Index t) const;
  void write_weight_gradients(Unrolled<Scalar>& u) const {
    u.write_recurrent_weight_gradient(u.gates(), 0, 1);
  }
  std::vector<Trace<Scalar>> trace(const Unrolled<Scalar>& u) const;
};

template <class Scalar>
using SimpleRNN = Recurrent<Scalar, SimpleRNNCell<Scalar>>;

struct SimpleRNNOptions : RecurrentSettings, MakesLayer<SimpleRNNOptions, SimpleRNN> {};

}  // namespace echocell
