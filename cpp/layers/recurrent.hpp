// The recurrence that LSTM, GRU and SimpleRNN share: the input projection of all steps at once, the
// walk through time, masks, dropout, reversal and states. A Cell adds the equations of one step.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, SimpleRNN 1).
#pragma once

#include <string>
#include <vector>

#include "layers/interruptible.hpp"
#include "layers/layer.hpp"
#include "numerics/activations.hpp"
#include "numerics/gemm.hpp"

namespace echocell {

/// What all recurrent layers can be told.
struct RecurrentSettings {
  Index units = 0;
  Activation activation = Activation::tanh;
  bool use_bias = true;
  bool return_sequences = false;
  bool stateful = false;
  bool go_backwards = false;
  double dropout = 0;            // of the inputs; one mask for all steps (Gal & Ghahramani 2016)
  double recurrent_dropout = 0;  // of h(t-1); then every gate draws a mask of its own, as in Keras
};

/// A recurrence laid out over time for one slice, in processing order (reversed where the layer
/// goes backwards). Forward fills it; backward turns z from gates into their gradients.
template <class S>
struct Unrolled : Cache {
  Index T = 0, B = 0, F = 0, H = 0, n = 0;

  // The weights, and their gradients (null in inference). Null where the layer has none.
  const S *kernel = nullptr, *recurrent = nullptr, *bias = nullptr, *peephole = nullptr;
  S *d_kernel = nullptr, *d_recurrent = nullptr, *d_bias = nullptr, *d_peephole = nullptr;

  // Inputs: x_groups copies of [T, B, F] (1, or n where every gate drops inputs of its own).
  Index x_groups = 1;
  const S* x = nullptr;
  S* x_copy = nullptr;      // holds x where it differs from the layer's input
  S* x_drop = nullptr;      // [x_groups, B, F], or null: no dropout
  S* dx_scratch = nullptr;  // [T, B, F]

  S* z = nullptr;              // [T, B, n H]: x W + b, then the gates, then their gradient
  S* h = nullptr;              // [T + 1, B, H]: h(0) is the initial state
  S* c = nullptr;              // [T + 1, B, H]: LSTM's cell state
  S* aux = nullptr;            // [T, B, H]: LSTM: f(c(t)); GRU: the recurrent part of the candidate
  S* d_recurrent_z = nullptr;  // [T, B, n H]: GRU with reset_after: gradient of h R + b
  S* h_drop = nullptr;         // [n, B, H], or null: no recurrent dropout
  S* h_masked = nullptr;       // [n, T, B, H]: h(t-1) under each block's mask
  S* dh = nullptr;             // [B, H]: dLoss/dh(t) while walking back
  S* dc = nullptr;             // [B, H]
  S* scratch = nullptr;        // [B, (n + 1) H]
  S* ones = nullptr;           // [H]: what an absent gate says
  Index* first_valid = nullptr;        // [B]: the first step that the mask lets through, or T
  const std::uint8_t* mask = nullptr;  // [T, B] in processing order, or null
  std::uint8_t* mask_copy = nullptr;
  Interrupt* interrupt = nullptr;

  bool valid(Index t, Index b) const { return mask == nullptr || mask[t * B + b] != 0; }
  S* gates(Index t) const { return z + t * B * n * H; }
  S* h_at(Index t) const { return h + t * B * H; }
  S* c_at(Index t) const { return c + t * B * H; }
  S* aux_at(Index t) const { return aux + t * B * H; }
  S* scratch_row(Index b) const { return scratch + b * (n + 1) * H; }
  const S* masked_h(Index block, Index t) const { return h_masked + (block * T + t) * B * H; }

  /// Columns [first, first + count) blocks of a matrix of n blocks with `rows` rows.
  template <class U>
  Matrix<U> blocks(U* base, Index rows, Index first, Index count) const {
    return {base + first * H, rows, count * H, n * H};
  }

  /// target[:, blocks] += h(t-1) R[:, blocks], under the dropout masks.
  void add_recurrent_product(Index t, S* target, Index first, Index count) const {
    if (h_drop == nullptr) {
      add_product<S>({h_at(t), B, H}, blocks(recurrent, H, first, count),
                     blocks(target, B, first, count));
      return;
    }
    for (Index k = first; k < first + count; ++k) {
      add_product<S>({masked_h(k, t), B, H}, blocks(recurrent, H, k, 1), blocks(target, B, k, 1));
    }
  }

  /// target += gradient[:, blocks] R[:, blocks]^T, under the dropout masks: the way back of
  /// add_recurrent_product. target [B, H].
  void add_recurrent_product_back(const S* gradient, S* target, Index first, Index count) const {
    if (h_drop == nullptr) {
      add_product_nt<S>(blocks(gradient, B, first, count), blocks(recurrent, H, first, count),
                        {target, B, H});
      return;
    }
    for (Index k = first; k < first + count; ++k) {
      multiply_nt<S>(blocks(gradient, B, k, 1), blocks(recurrent, H, k, 1), {scratch, B, H});
      const S* drop = h_drop + k * B * H;
      for (Index j = 0; j < B * H; ++j) target[j] += scratch[j] * drop[j];
    }
  }

  /// d_recurrent[:, blocks] += sum over t of h(t-1)^T gradient(t)[:, blocks].
  void add_recurrent_weight_gradient(const S* gradient, Index first, Index count) const {
    if (h_drop == nullptr) {
      add_product_tn_in_pieces({h, T * B, H}, blocks(gradient, T * B, first, count),
                               blocks(d_recurrent, H, first, count));
      return;
    }
    for (Index k = first; k < first + count; ++k) {
      add_product_tn_in_pieces({masked_h(k, 0), T * B, H}, blocks(gradient, T * B, k, 1),
                               blocks(d_recurrent, H, k, 1));
    }
  }

  /// c += a^T b over all T B rows, unless interrupted.
  void add_product_tn_in_pieces(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> to) const {
    in_pieces(interrupt, a.rows, a.cols * b.cols, [&](Index row, Index rows) {
      add_product_tn<S>(a.row_range(row, rows), b.row_range(row, rows), to);
    });
  }
};

/// A recurrent layer. Cell<S> is copyable and knows:
///   Cell(const Options&), settings(), blocks(), bias_shape(), state_count(), peephole_shape()
///   plan(Unrolled&, training, Workspace&)  takes what it needs beyond z, h, dh
///   forward(u, t)   gates(t) holds x W + b: writes gates(t), h(t+1), ... for all valid rows, and
///                   for the others repeats the state and zeroes the gates
///   backward(u, t)  dh, dc hold dLoss/d state(t+1): turns gates(t) into their gradient (zero for
///                   rows that are not valid) and dh, dc into dLoss/d state(t)
///   add_weight_gradients(u)  d_recurrent and what else is the cell's own
///   trace(u)        the gates by name
template <class S, class Cell>
class Recurrent : public Layer<S> {
 public:
  template <class Options>
  explicit Recurrent(const Options& options) : cell_(options) {}

  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  MaskFlow mask_flow() const override {
    return settings().return_sequences ? MaskFlow::pass : MaskFlow::drop;
  }
  std::vector<Index> state_widths() const override {
    return std::vector<Index>(static_cast<std::size_t>(cell_.state_count()), settings().units);
  }
  bool stateful() const override { return settings().stateful; }
  bool streamable() const override { return !settings().go_backwards; }

  std::unique_ptr<Cache> plan(const Shape& input, Index batch, bool training,
                              Workspace& workspace) const override;
  void forward(const Pass<S>& pass) const override;
  void backward(const Pass<S>& pass) const override;
  std::vector<Trace<S>> trace(const Pass<S>& pass) const override {
    return cell_.trace(static_cast<const Unrolled<S>&>(*pass.cache));
  }

 private:
  using U = Unrolled<S>;
  const RecurrentSettings& settings() const { return cell_.settings(); }
  void bind_parameters(const Pass<S>& pass, U& u) const;
  void load_input(const Pass<S>& pass, U& u) const;
  void load_mask(const Pass<S>& pass, U& u) const;
  void load_state(const Pass<S>& pass, U& u) const;
  void drop_recurrent(const Pass<S>& pass, U& u, Index t) const;
  void project_input(U& u) const;
  void write_output(const Pass<S>& pass, const U& u) const;
  void write_state(const Pass<S>& pass, const U& u) const;
  void load_gradient(const Pass<S>& pass, U& u) const;
  void add_output_gradient(const Pass<S>& pass, U& u, Index t) const;
  void add_projection_gradients(const Pass<S>& pass, U& u) const;
  void write_input_gradient(const Pass<S>& pass, U& u) const;
  void write_state_gradient(const Pass<S>& pass, const U& u) const;
  Index steps_per_check(const U& u) const;

  Cell cell_;
  Index features_ = 0;
  Index kernel_ = -1, recurrent_ = -1, bias_ = -1, peephole_ = -1;  // offsets, -1: none
};

}  // namespace echocell
