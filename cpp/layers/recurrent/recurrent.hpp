// The recurrence that LSTM, GRU and SimpleRNN share: the input projection of all steps at once, the
// walk through time, masks, dropout, reversal and states. A Cell adds the equations of one step.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, SimpleRNN 1),
// O units that are put out (all but in MemoryBlocks), W lanes of a vector, Hp units padded to whole
// vectors, N columns of all blocks as Packing has them.
#pragma once

#include <string>
#include <vector>

#include "layers/interruptible.hpp"
#include "layers/layer.hpp"
#include "layers/recurrent/back_product.hpp"
#include "layers/recurrent/valid_steps.hpp"
#include "numerics/activations.hpp"
#include "numerics/packed_product.hpp"

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
  // The output at a masked step is 0, and not that of the step before; so is the last output where
  // the last step of a sequence is masked.
  bool zero_output_for_mask = false;
  bool truncated = false;  // no gradient goes back to h(t-1), only to cell states
  Index outputs = 0;       // O: the first units leave the layer, and have a cell state; 0: all
  Index first_bias = 0;    // the biases of the units before it are 0
  bool use_kernel = true;  // has a kernel; without one the input is added to the units as it is
  bool shortcut = false;   // the input of a step is put out too, behind the units

  Index units_put_out() const { return outputs > 0 ? outputs : units; }
};

/// The blocks of kUnits units of one row: W, or the fewer at the end of a layer.
template <class Scalar, Index kUnits>
struct UnitBlocks {
  using Array = FixedArray<Scalar, int(kUnits)>;  // one number of each unit

  Scalar* data = nullptr;
  Index col = 0, width = 0;  // the first column and the width of the panel that holds them
  Index offset = 0;          // in its row

  Eigen::Map<Array> operator[](Index block) const { return Array::Map(data + block * kUnits); }
  /// The same units in a row of another matrix with these columns.
  UnitBlocks in(const Panels<Scalar>& matrix, Index row) const {
    return {matrix.panel(col) + row * width + offset, col, width, offset};
  }
};

/// A recurrence laid out over time for one slice, in processing order (reversed where the layer
/// goes backwards). Forward fills it; backward turns z from gates into their gradients. Padded
/// units hold zeros in weights and gradients, and nothing reads their states.
///
/// Of h all steps are kept. Gates and cell states are kept for one segment of steps at a time,
/// usually all of them; where that would take too much memory, a segment is some sqrt(T) steps, the
/// cell state at the start of each is kept, and backward runs forward again from there (Chen, Xu,
/// Zhang & Guestrin 2016, "Training deep nets with sublinear memory cost").
///
/// Where steps are masked, the walk is over what ValidSteps leaves of the rows. Then a step t has
/// rows(t) rows, fewer and fewer, and the arrays below have so many in place of B; their rows still
/// lie without gaps. The first active(t) rows take the step; those behind them end there: h and c
/// hold their last state, the rest zeros.
template <class Scalar>
struct Unrolled : Cache {
  Index T = 0, B = 0, F = 0, H = 0, O = 0, n = 0, Hp = 0, N = 0;
  Index tile = 0, tail = 0;    // see Packing
  Index segment = 0;           // steps of a segment
  Index check = 1;             // steps from look to look at the interrupt, a power of two
  Index first = 0, steps = 0;  // of the segment that z, c and aux hold now
  Index walk = 0;              // steps to go through: T, or those of the longest sequence
  bool packed = false;         // steps are masked: the rows are those of valid_steps
  ValidSteps valid_steps;      // planned where there is a mask

  // The weights, and their gradients (null in inference). Null where the layer has none.
  const Scalar *kernel = nullptr, *recurrent = nullptr, *bias = nullptr, *peephole = nullptr;
  Scalar *d_kernel = nullptr, *d_recurrent = nullptr, *d_bias = nullptr, *d_peephole = nullptr;
  BackProduct<Scalar> recurrent_back, kernel_back;

  // Inputs: x_groups copies of [T, B, F] (1, or n where every gate drops inputs of its own).
  Index x_groups = 1;
  const Scalar* x = nullptr;
  Scalar* x_copy = nullptr;     // holds x where it differs from the layer's input
  Scalar* x_drop = nullptr;     // [x_groups, B, F], or null: no dropout
  Index* hot = nullptr;         // [T B]: the one feature of the row that is not 0, or -1: none is
  bool one_hot = false;         // no row has more than one
  Index* hot_before = nullptr;  // the same of the last backward(): rows of d_kernel that it wrote
  Index hot_rows_before = -1;   // how many; -1: it wrote all

  Scalar* z = nullptr;    // [segment B, N] in panels: x W + b, then the gates, then their gradient
  Scalar* h = nullptr;    // [T + 1, B, Hp]: h(0) is the initial state
  Scalar* c = nullptr;    // [segment + 1, B, Hp]: LSTM's cell state
  Scalar* aux = nullptr;  // [segment, B, Hp]: LSTM: f(c(t)); GRU: the candidate's recurrent part
  Scalar* c_starts = nullptr;         // [segments, B, Hp]: c at the start of each
  Scalar* d_recurrent_z = nullptr;    // like z: GRU with reset_after: gradient of h R + b
  Scalar* h_drop = nullptr;           // [n, B, Hp], or null: no recurrent dropout
  Scalar* h_masked = nullptr;         // [n, T, B, Hp]: h(t-1) under each block's mask
  Scalar* dh = nullptr;               // [B, Hp]: dLoss/dh(t) while walking back
  Scalar* dc = nullptr;               // [B, Hp]
  Scalar* scratch = nullptr;          // [B, N + Hp]
  bool turned = false;                // the way of the first step over the panels; see add_product
  bool starts_from_zero = false;      // the initial state is: what it is multiplied with is not
  bool zeros_loaded = false;          // h(0) and c(0) hold them
  bool state_gradient_wanted = true;  // dLoss/dh(0), dLoss/dc(0)
  bool truncated = false;             // as in the settings
  Write write = Write::set;           // of weight gradients: those of the first segment, or more
  Interrupt* interrupt = nullptr;

  /// The first row of step t in what holds all steps, and in what holds a segment.
  Index start(Index t) const { return packed ? valid_steps.start(t) : t * B; }
  Index row(Index t) const { return start(t) - start(first); }
  /// The rows of step t: those with a state in front of it; and those that take it.
  Index rows(Index t) const { return packed ? start(t + 1) - start(t) : B; }
  Index active(Index t) const { return rows(t + 1); }
  Index segment_rows() const { return row(first + steps); }
  /// Where row k of step t comes from, t in processing order; and the row of a segment.
  ValidSteps::Place place(Index t, Index k) const {
    return packed ? valid_steps.place(start(t) + k) : ValidSteps::Place{t, k};
  }
  ValidSteps::Place place_in_segment(Index at) const {
    return packed ? valid_steps.place(start(first) + at)
                  : ValidSteps::Place{first + at / B, at % B};
  }
  /// The row of the slice, and the steps, of the k-th of the B sequences.
  Index source(Index k) const { return packed ? valid_steps.source(k) : k; }
  Index length(Index k) const { return packed ? valid_steps.length(k) : T; }

  /// Room for c, and for out(c) in aux.
  void plan_cell_states(bool training, Workspace& workspace) {
    c = workspace.take<Scalar>((segment + 1) * B * Hp);
    aux = workspace.take<Scalar>(segment * B * Hp);
    if (training) dc = workspace.take<Scalar>(B * Hp);
  }

  Scalar* h_at(Index t) const { return h + start(t) * Hp; }
  Scalar* c_at(Index t) const { return c + row(t) * Hp; }
  Scalar* aux_at(Index t) const { return aux + row(t) * Hp; }
  Scalar* masked_h(Index block, Index t) const {
    return h_masked + (block * T * B + start(t)) * Hp;
  }
  Index segments() const {
    if (walk <= segment) return segment == 0 ? 0 : 1;
    return (walk + segment - 1) / segment;
  }

  /// A matrix of `rows` rows of N columns in panels.
  template <class U>
  Panels<U> panels(U* data, Index rows) const {
    return {data, rows, N, tile};
  }
  Panels<Scalar> gates() const { return panels(z, segment * B); }
  /// `count` rows of h from step t on, or what dropout lets a block see of them: [count, H].
  ConstRowsView<Scalar> h_seen(Index block, Index t, Index count) const {
    return rows_view<const Scalar>(h_drop ? masked_h(block, t) : h_at(t), count, H, Hp);
  }

  /// visit(row, unit, gates) for W units at a time of each row that takes step t, gates their
  /// UnitBlocks.
  template <class Visit>
  void for_each_vector(Index t, const Visit& visit) const {
    constexpr Index W = kLanes<Scalar>;
    const Panels<Scalar> all = gates();
    const Index count = active(t), first_row = row(t);
    for (Index col = 0, unit = 0; col < N; col += tile) {
      const Index width = all.width(col);
      Scalar* data = all.panel(col) + first_row * width;
      if (tail < W && width < tile) return for_each_tail({data, col, width, 0}, unit, count, visit);
      Index next = unit;
      for (Index b = 0; b < count; ++b, data += width) {
        next = unit;
        for (Index k = 0; k < width; k += n * W, next += W) {
          visit(b, next, UnitBlocks<Scalar, W>{data + k, col, width, k});
        }
      }
      unit = next;
    }
  }
  /// The same for the last units of each row, where they are fewer: W / 2, W / 4 ..., as
  /// tail_for() says.
  template <Index kUnits = kLanes<Scalar>, class Visit>
  void for_each_tail(const UnitBlocks<Scalar, kUnits>& blocks, Index unit, Index count,
                     const Visit& visit) const {
    if constexpr (kUnits > kFewestUnits) {
      if (tail < kUnits) {
        const UnitBlocks<Scalar, kUnits / 2> half{blocks.data, blocks.col, blocks.width,
                                                  blocks.offset};
        return for_each_tail<kUnits / 2>(half, unit, count, visit);
      }
    }
    UnitBlocks<Scalar, kUnits> next = blocks;
    for (Index b = 0; b < count; ++b, next.data += next.width) visit(b, unit, next);
  }
  /// visit(s, k, b, t): row k of h(s) is the state of row b of the slice after its step t. A
  /// masked step has that of the step before it; s = 0: none was valid yet.
  template <class Visit>
  void for_each_state(const Visit& visit) const {
    for (Index s = 0; s <= walk; ++s) {
      for (Index k = 0; k < rows(s); ++k) {
        const auto [end, b] = place(s, k);
        for (Index t = s == 0 ? 0 : place(s - 1, k).t; t < end; ++t) visit(s, k, b, t);
      }
    }
  }

  /// target[at ..., blocks] += h(t-1) R[:, blocks], under the dropout masks.
  void add_recurrent_product(Index t, const Panels<Scalar>& target, Index at, Index block,
                             Index count) const {
    if (t == 0 && starts_from_zero) return;
    const ConstPanels<Scalar> weights = panels(recurrent, H);
    if (h_drop == nullptr) {
      const bool odd = (t & 1) != 0;
      add_product(h_seen(0, t, active(t)), weights, target, at, {block, count, n}, odd != turned);
      return;
    }
    for (Index k = block; k < block + count; ++k) {
      add_product(h_seen(k, t, active(t)), weights, target, at, {k, 1, n});
    }
  }

  /// target += gradient(t)[:, blocks] R[:, blocks]^T, under the dropout masks: the way back of
  /// add_recurrent_product. target [B, Hp], gradient is like z.
  void add_recurrent_product_back(Index t, const ConstPanels<Scalar>& gradient, Scalar* target,
                                  Index block, Index count) const {
    if (truncated || (t == 0 && !state_gradient_wanted)) return;
    const Index rows = active(t);
    if (h_drop == nullptr) {
      recurrent_back.add(gradient, row(t), rows_view(target, rows, H, Hp), {block, count, n});
      return;
    }
    for (Index k = block; k < block + count; ++k) {
      ArrayView<Scalar> product(scratch, rows * Hp);
      product.setZero();
      recurrent_back.add(gradient, row(t), rows_view(scratch, rows, H, Hp), {k, 1, n});
      const ConstArrayView<Scalar> drop(h_drop + k * B * Hp, rows * Hp);
      ArrayView<Scalar>(target, rows * Hp) += product * drop;
    }
  }

  /// dh of sequence k += gradient [O].
  void add_to_dh(Index k, const Scalar* gradient) const {
    ArrayView<Scalar>(dh + k * Hp, O) += ConstArrayView<Scalar>(gradient, O);
  }

  /// d_recurrent[:, blocks] = or += sum over the segment of h(t-1)^T gradient(t)[:, blocks].
  void write_recurrent_weight_gradient(const ConstPanels<Scalar>& gradient, Index block,
                                       Index count) const {
    const Panels<Scalar> weights = panels(d_recurrent, H);
    const Index t = first == 0 && starts_from_zero && steps > 0 ? 1 : first;
    const Index rows = segment_rows() - row(t);
    if (h_drop == nullptr) {
      write_weight_gradient(h_seen(0, t, rows), gradient, row(t), weights, {block, count, n});
      return;
    }
    for (Index k = block; k < block + count; ++k) {
      write_weight_gradient(h_seen(k, t, rows), gradient, row(t), weights, {k, 1, n});
    }
  }

  /// w = or += a^T gradient[row ...], unless interrupted.
  void write_weight_gradient(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& gradient,
                             Index row, const Panels<Scalar>& w, const Vectors& part) const {
    in_pieces(interrupt, a.rows(), a.cols() * N, [&](Index at, Index rows) {
      product_tn<Scalar>(row_range(a, at, rows), gradient, row + at, w,
                         at == 0 ? write : Write::add, part);
    });
  }
};

/// What a cell says of itself. A cell hides what is otherwise with it.
class RecurrentCell {
 public:
  explicit RecurrentCell(const RecurrentSettings& settings) : settings_(settings) {}

  const RecurrentSettings& settings() const { return settings_; }
  Index blocks() const { return 1; }                 // of the kernel
  Index state_count() const { return 1; }            // 1: h; 2: h and c
  Index bias_rows() const { return 1; }              // 2: one of them for h R
  Index peepholes() const { return 0; }              // rows of the peephole kernel
  bool takes_blocks_apart() const { return false; }  // multiplies some blocks of R alone

 protected:
  RecurrentSettings settings_;
};

/// A recurrent layer. Cell<Scalar> is a RecurrentCell, copyable, and knows:
///   Cell(const Options&)
///   plan(Unrolled&, training, Workspace&)  takes what it needs beyond z, h, dh
///   forward(u, t)   the gates of step t hold x W + b: writes gates and h(t+1) of its active rows
///   backward(u, t)  dh, dc hold dLoss/d state(t+1): turns the gates of step t into their gradient
///                   and dh, dc into dLoss/d state(t), for its active rows
///   write_weight_gradients(u)  of the segment: d_recurrent and what else is the cell's own
///   trace(u)        the gates by name; only where one segment holds all steps
template <class Scalar, class Cell>
class Recurrent : public Layer<Scalar> {
 public:
  template <class Options>
  explicit Recurrent(const Options& options) : cell_(options) {}

  void build(const Shape& input) override;
  Shape output_shape(const Shape& input) const override;
  TimeFlow time_flow() const override {
    if (!settings().return_sequences) return TimeFlow::end;
    return settings().go_backwards ? TimeFlow::mix : TimeFlow::keep;
  }
  MaskFlow mask_flow() const override {
    return settings().return_sequences ? MaskFlow::pass : MaskFlow::drop;
  }
  std::vector<Index> state_widths() const override {
    if (cell_.state_count() == 1) return {settings().units};
    return {settings().units, settings().units_put_out()};
  }
  bool stateful() const override { return settings().stateful; }
  bool streamable() const override { return !settings().go_backwards; }
  bool shows_masked_end() const override {
    return settings().zero_output_for_mask && !settings().return_sequences;
  }

  std::unique_ptr<Cache> plan(const Shape& input, Index batch, Use use,
                              Workspace& workspace) const override;
  void forward(const Pass<Scalar>& pass) const override;
  void backward(const Pass<Scalar>& pass) const override;
  std::vector<Trace<Scalar>> trace(const Pass<Scalar>& pass) const override;

 private:
  using U = Unrolled<Scalar>;
  const RecurrentSettings& settings() const { return cell_.settings(); }
  /// Products with some blocks alone need blocks of whole vectors: the cell has such products, or
  /// every block sees its own share of what dropout leaves.
  bool whole_blocks() const {
    return cell_.takes_blocks_apart() || settings().dropout > 0 || settings().recurrent_dropout > 0;
  }
  void bind_parameters(const Pass<Scalar>& pass, U& u) const;
  void forward_segment(const Pass<Scalar>& pass, U& u, Index index, bool again) const;
  void backward_segment(const Pass<Scalar>& pass, U& u) const;
  void load_input(const Pass<Scalar>& pass, U& u) const;
  void find_one_hot(U& u) const;
  void load_mask(const Pass<Scalar>& pass, U& u) const;
  void load_state(const Pass<Scalar>& pass, U& u) const;
  void clear_ended_rows(U& u) const;
  void draw_recurrent_dropout(const Pass<Scalar>& pass, U& u) const;
  void drop_recurrent(U& u, Index t) const;
  void project_input(U& u) const;
  void add_input_to_units(U& u) const;
  void write_output(const Pass<Scalar>& pass, const U& u) const;
  void write_last_output(const Pass<Scalar>& pass, const U& u) const;
  void write_shortcut(const Pass<Scalar>& pass, const U& u) const;
  bool hides_step(const Pass<Scalar>& pass, Index t, Index b) const;
  bool hides_end(const Pass<Scalar>& pass, Index b) const;
  void write_state(const Pass<Scalar>& pass, const U& u) const;
  void load_gradient(const Pass<Scalar>& pass, U& u) const;
  void add_output_gradient(const Pass<Scalar>& pass, U& u, Index t) const;
  void write_projection_gradients(const Pass<Scalar>& pass, U& u) const;
  void write_one_hot_gradient(const Pass<Scalar>& pass, U& u) const;
  void write_input_gradient(const Pass<Scalar>& pass, U& u) const;
  void write_units_gradient_as_input_gradient(const Pass<Scalar>& pass, const U& u) const;
  void add_shortcut_gradient(const Pass<Scalar>& pass, const U& u) const;
  void write_state_gradient(const Pass<Scalar>& pass, const U& u) const;

  Cell cell_;
  Index features_ = 0;
  Placement kernel_, recurrent_, bias_, peephole_;
};

}  // namespace echocell
