#include "layers/recurrent/memory_blocks.hpp"

#include "layers/recurrent/cell_activations.hpp"
#include "layers/recurrent/recurrent_backward.hpp"

namespace echocell {
namespace {

/// One function for the first numbers, another for the rest; only one of them where it is for all.
template <class V, class First, class Rest>
V in_two_parts(Index first_count, const First& first, const Rest& rest) {
  if (first_count >= V::SizeAtCompileTime) return first();
  V numbers = rest();
  if (first_count <= 0) return numbers;
  const V others = first();
  for (int k = 0; k < V::SizeAtCompileTime; ++k) {
    if (k < first_count) numbers[k] = others[k];
  }
  return numbers;
}

/// Some units of a trace of all of them.
template <class Scalar>
Trace<Scalar> part_of(const Trace<Scalar>& all, const char* name, Index first, Index units) {
  Trace<Scalar> part{name, all.steps, all.batch, units, {}};
  for (std::size_t row = 0; row < std::size_t(all.steps * all.batch); ++row) {
    const auto from = all.numbers.begin() + std::ptrdiff_t(row) * all.width + first;
    part.numbers.insert(part.numbers.end(), from, from + units);
  }
  return part;
}

}  // namespace

template <class Scalar>
MemoryBlocksCell<Scalar>::MemoryBlocksCell(const MemoryBlocksOptions& options)
    : RecurrentCell(options),
      gate_activation_(options.recurrent_activation),
      output_activation_(options.output_activation),
      cells_(options.outputs),
      cells_in_each_(options.outputs / options.blocks) {
  Index next = cells_;
  for (const auto& [letter, first] : {std::pair('i', &i_), {'f', &f_}, {'o', &o_}}) {
    if (options.gates.find(letter) == std::string::npos) continue;
    *first = next;
    next += options.blocks;
  }
}

template <class Scalar>
void MemoryBlocksCell<Scalar>::plan(Unrolled<Scalar>& u, bool training,
                                    Workspace& workspace) const {
  u.plan_cell_states(training, workspace);
}

// ---- forward -----------------------------------------------------------------------------------
//
// With y what all units, h and gates, put out at the step before, and a cell's gates those of its
// block (Hochreiter & Schmidhuber 1997, eqs. 7 to 9; Gers et al. 2000, eq. 5):
//
//   i = sigma(x Wi + y Ri + bi)      f = sigma(x Wf + y Rf + bf)      o = sigma(x Wo + y Ro + bo)
//   c' = f * c + i * g(x Wc + y Rc + bc)                              h' = o * out(c')
//
// An absent gate is 1.

template <class Scalar>
void MemoryBlocksCell<Scalar>::forward(Unrolled<Scalar>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(), u.row(t), 0, 1);
  with_activations(gate_activation_, settings_.activation, output_activation_,
                   [&](const auto& activations) {
                     activate_units(u, t, activations);
                     update_cells(u, t, activations);
                   });
}

/// z and y' become g of the cells, and the gates.
template <class Scalar>
template <class Activations>
void MemoryBlocksCell<Scalar>::activate_units(Unrolled<Scalar>& u, Index t,
                                              const Activations& activations) const {
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    using V = typename std::decay_t<decltype(z)>::Array;
    const V net = z[0];
    const V y = in_two_parts<V>(
        cells_ - unit, [&] { return activations.cell(net); },
        [&] { return activations.gate(net); });
    z[0] = y;
    V::Map(u.h_at(t + 1) + b * u.Hp + unit) = y;
  });
}

template <class Scalar>
template <class Activations>
void MemoryBlocksCell<Scalar>::update_cells(Unrolled<Scalar>& u, Index t,
                                            const Activations& activations) const {
  for (Index b = 0; b < u.active(t); ++b) {
    const Scalar* c = u.c_at(t) + b * u.Hp;
    Scalar *c_next = u.c_at(t + 1) + b * u.Hp, *activated_c = u.aux_at(t) + b * u.Hp;
    Scalar* y = u.h_at(t + 1) + b * u.Hp;
    const auto gate = [&](Index first, Index block) {
      return first < 0 ? Scalar(1) : y[first + block];
    };
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const Scalar i = gate(i_, block), f = gate(f_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell) {
        c_next[cell] = f * c[cell] + i * y[cell];
      }
    }
    for (Index cell = 0; cell < cells_; cell += kLanes<Scalar>) {
      const Index count = std::min(kLanes<Scalar>, cells_ - cell);
      const Packet<Scalar> states = load_some<Packet<Scalar>>(c_next + cell, count);
      Packet<Scalar>::Map(activated_c + cell) = activations.output(states);
    }
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const Scalar o = gate(o_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell)
        y[cell] = o * activated_c[cell];
    }
  }
}

// ---- backward: dy, dc come as dLoss/dy', dLoss/dc' and go as dLoss/dy, dLoss/dc ----

template <class Scalar>
void MemoryBlocksCell<Scalar>::backward(Unrolled<Scalar>& u, Index t) const {
  with_activations(gate_activation_, settings_.activation, output_activation_,
                   [&](const auto& activations) { load_derivatives(u, t, activations); });
  backward_cells(u, t);
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    using V = typename std::decay_t<decltype(z)>::Array;
    const Index at = b * u.Hp + unit;
    z[0] *= V::Map(u.dh + at);
    V::Map(u.dh + at).setZero();
  });
  u.add_recurrent_product_back(t, u.gates(), u.dh, 0, 1);
}

/// scratch becomes g of the cells and the gates, z their derivatives; scratch
/// goes on with those of the activated cell states.
template <class Scalar>
template <class Activations>
void MemoryBlocksCell<Scalar>::load_derivatives(Unrolled<Scalar>& u, Index t,
                                                const Activations& activations) const {
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    using V = typename std::decay_t<decltype(z)>::Array;
    const V y = z[0];
    V::Map(u.scratch + b * u.Hp + unit) = y;
    z[0] = in_two_parts<V>(
        cells_ - unit, [&] { return activations.cell_derivative(y); },
        [&] { return activations.gate_derivative(y); });
    if (unit >= cells_) return;
    const V out = V::Map(u.aux_at(t) + b * u.Hp + unit);
    V::Map(u.scratch + (u.B + b) * u.Hp + unit) = activations.output_derivative(out);
  });
}

/// dh becomes what reaches g of the cells and the gates.
template <class Scalar>
void MemoryBlocksCell<Scalar>::backward_cells(Unrolled<Scalar>& u, Index t) const {
  for (Index b = 0; b < u.active(t); ++b) {
    const Scalar *c = u.c_at(t) + b * u.Hp, *out = u.aux_at(t) + b * u.Hp;
    const Scalar *y = u.scratch + b * u.Hp, *out_derivative = u.scratch + (u.B + b) * u.Hp;
    Scalar *dy = u.dh + b * u.Hp, *dc = u.dc + b * u.Hp;
    const auto gate = [&](Index first, Index block) {
      return first < 0 ? Scalar(1) : y[first + block];
    };
    const auto add = [&](Index first, Index block, Scalar gradient) {
      if (first >= 0) dy[first + block] += gradient;
    };
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const Scalar i = gate(i_, block), f = gate(f_, block), o = gate(o_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell) {
        // h' = o * out(c')
        const Scalar dh = dy[cell], d = dc[cell] + dh * o * out_derivative[cell];
        add(o_, block, dh * out[cell]);
        // c' = f * c + i * g
        dy[cell] = d * i;
        add(i_, block, d * y[cell]);
        add(f_, block, d * c[cell]);
        dc[cell] = d * f;
      }
    }
  }
}

template <class Scalar>
void MemoryBlocksCell<Scalar>::write_weight_gradients(Unrolled<Scalar>& u) const {
  u.write_recurrent_weight_gradient(u.gates(), 0, 1);
}

template <class Scalar>
std::vector<Trace<Scalar>> MemoryBlocksCell<Scalar>::trace(const Unrolled<Scalar>& u) const {
  const Trace<Scalar> all = gate_trace("units", u, 0);
  const Index blocks = cells_ / cells_in_each_;
  std::vector<Trace<Scalar>> traces;
  if (i_ >= 0) traces.push_back(part_of(all, "i", i_, blocks));
  if (f_ >= 0) traces.push_back(part_of(all, "f", f_, blocks));
  traces.push_back(part_of(all, "g", 0, cells_));
  if (o_ >= 0) traces.push_back(part_of(all, "o", o_, blocks));
  traces.push_back(state_trace("c", u, u.c));
  traces.push_back(state_trace("h", u, u.h));
  return traces;
}

template class MemoryBlocksCell<float>;
template class MemoryBlocksCell<double>;
template class Recurrent<float, MemoryBlocksCell<float>>;
template class Recurrent<double, MemoryBlocksCell<double>>;

}  // namespace echocell
