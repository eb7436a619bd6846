// Gated recurrent unit (Cho et al. 2014), with the reset gate before the recurrent product
// (reset_after = false) or after it, as cuDNN and Keras have it (reset_after = true).
#pragma once

#include "layers/layer_options.hpp"
#include "layers/recurrent/recurrent.hpp"

namespace echocell {

struct GRUOptions;

/// The equations of one step. Blocks of the kernel in the order z, r, h.
template <class Scalar>
class GRUCell : public RecurrentCell {
 public:
  explicit GRUCell(const GRUOptions& options);

  Index blocks() const { return 3; }
  Index bias_rows() const { return reset_after_ ? 2 : 1; }
  bool takes_blocks_apart() const { return !reset_after_; }

  void plan(Unrolled<Scalar>& u, bool training, Workspace& workspace) const;
  void forward(Unrolled<Scalar>& u, Index t) const;
  void backward(Unrolled<Scalar>& u, Index t) const;
  void write_weight_gradients(Unrolled<Scalar>& u) const;
  std::vector<Trace<Scalar>> trace(const Unrolled<Scalar>& u) const;

 private:
  template <class Activations>
  void forward_reset_after(Unrolled<Scalar>& u, Index t, const Activations& activations) const;
  template <class Activations>
  void forward_reset_before(Unrolled<Scalar>& u, Index t, const Activations& activations) const;
  template <class Activations>
  void backward_reset_after(Unrolled<Scalar>& u, Index t, const Activations& activations) const;
  template <class Activations>
  void backward_reset_before(Unrolled<Scalar>& u, Index t, const Activations& activations) const;

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
