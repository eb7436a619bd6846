// The fully connected recurrent layer (Elman 1990): h' = tanh(x W + h R + b).
#pragma once

#include "layers/layer_options.hpp"
#include "layers/recurrent.hpp"

namespace echocell {

struct SimpleRNNOptions;

template <class S>
class SimpleRNNCell : public RecurrentCell {
 public:
  explicit SimpleRNNCell(const SimpleRNNOptions& options);

  void plan(Unrolled<S>&, bool, Workspace&) const {}
  void forward(Unrolled<S>& u, Index t) const;
  void backward(Unrolled<S>& u, Index t) const;
  void write_weight_gradients(Unrolled<S>& u) const {
    u.write_recurrent_weight_gradient(u.gates(), 0, 1);
  }
  std::vector<Trace<S>> trace(const Unrolled<S>& u) const;
};

template <class S>
using SimpleRNN = Recurrent<S, SimpleRNNCell<S>>;

struct SimpleRNNOptions : RecurrentSettings, MakesLayer<SimpleRNNOptions, SimpleRNN> {};

}  // namespace echocell
