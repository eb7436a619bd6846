// Gated recurrent unit (Cho et al. 2014), with the reset gate before the recurrent product
// (reset_after = false) or after it, as cuDNN and Keras have it (reset_after = true).
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent_layer.hpp"

namespace echocell {

struct GRUOptions;

/// The equations of one step. Blocks of the kernel in the order z, r, h.
template <class Scalar>
class GRUCell : public RecurrentCell<GRUCell<Scalar>, Scalar> {
 public:
  explicit GRUCell(const GRUOptions& options);

  void plan(Recurrence<Scalar>& walk, bool training, Workspace& workspace) const;
  void forward(Recurrence<Scalar>& walk, Index t) const;
  void backward(Recurrence<Scalar>& walk, Index t) const;
  void write_weight_gradients(Recurrence<Scalar>& walk) const;
  std::vector<Trace<Scalar>> trace(const Recurrence<Scalar>& walk) const;

 private:
  template <class Activations>
  void forward_reset_after(const Recurrence<Scalar>& walk, Index t,
                           const Activations& activations) const;
  template <class Activations>
  void forward_reset_before(const Recurrence<Scalar>& walk, Index t,
                            const Activations& activations) const;
  template <class Activations>
  void backward_reset_after(const Recurrence<Scalar>& walk, Index t,
                            const Activations& activations) const;
  template <class Activations>
  void backward_reset_before(const Recurrence<Scalar>& walk, Index t,
                             const Activations& activations) const;

  Activation gate_activation_;
  bool reset_after_;
};

template <class Scalar>
using GRU = Recurrent<Scalar, GRUCell<Scalar>>;

struct GRUOptions : RecurrentSettings, MakesLayer<GRUOptions, GRU> {
  Activation recurrent_activation = Activation::sigmoid;
  bool reset_after = true;
};

}  // namespace echocell
