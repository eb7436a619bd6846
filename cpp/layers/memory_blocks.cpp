#include "layers/memory_blocks.hpp"

#include "layers/recurrent_backward.hpp"
#include "layers/squashes.hpp"

namespace echocell {
namespace {

/// One function for the first lanes, another for the rest; only one of them where it is for all.
template <class S, class First, class Rest>
simd::Vector<S> in_two_parts(Index first_lanes, const First& first, const Rest& rest) {
  if (first_lanes >= simd::kLanes<S>) return first();
  if (first_lanes <= 0) return rest();
  return simd::joined<S>(first(), rest(), first_lanes);
}

/// Some units of a trace of all of them.
template <class S>
Trace<S> part_of(const Trace<S>& all, const char* name, Index first, Index units) {
  Trace<S> part{name, all.steps, all.batch, units, {}};
  for (std::size_t row = 0; row < std::size_t(all.steps * all.batch); ++row) {
    const auto from = all.numbers.begin() + std::ptrdiff_t(row) * all.width + first;
    part.numbers.insert(part.numbers.end(), from, from + units);
  }
  return part;
}

}  // namespace

template <class S>
MemoryBlocksCell<S>::MemoryBlocksCell(const MemoryBlocksOptions& options)
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

template <class S>
void MemoryBlocksCell<S>::plan(Unrolled<S>& u, bool training, Workspace& workspace) const {
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

template <class S>
void MemoryBlocksCell<S>::forward(Unrolled<S>& u, Index t) const {
  u.add_recurrent_product(t, u.gates(), u.row(t), 0, 1);
  with_squash<S>(gate_activation_, settings_.activation, output_activation_,
                 [&](const auto& squash) {
                   activate_units(u, t, squash);
                   update_cells(u, t, squash);
                 });
}

/// z and y' become g of the cells, and the gates.
template <class S>
template <class Squash>
void MemoryBlocksCell<S>::activate_units(Unrolled<S>& u, Index t, const Squash& squash) const {
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    const simd::Vector<S> net = z.load(0);
    const simd::Vector<S> y = in_two_parts<S>(
        cells_ - unit, [&] { return squash.cell(net); }, [&] { return squash.gate(net); });
    z.store(0, y);
    simd::store(u.h_at(t + 1) + b * u.Hp + unit, y);
  });
}

template <class S>
template <class Squash>
void MemoryBlocksCell<S>::update_cells(Unrolled<S>& u, Index t, const Squash& squash) const {
  for (Index b = 0; b < u.active(t); ++b) {
    const S* c = u.c_at(t) + b * u.Hp;
    S *c_next = u.c_at(t + 1) + b * u.Hp, *squashed = u.aux_at(t) + b * u.Hp;
    S* y = u.h_at(t + 1) + b * u.Hp;
    const auto gate = [&](Index first, Index block) { return first < 0 ? S(1) : y[first + block]; };
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const S i = gate(i_, block), f = gate(f_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell) {
        c_next[cell] = f * c[cell] + i * y[cell];
      }
    }
    for (Index cell = 0; cell < cells_; cell += simd::kLanes<S>) {
      const Index count = std::min(simd::kLanes<S>, cells_ - cell);
      simd::store(squashed + cell, squash.output(simd::load_some(c_next + cell, count)));
    }
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const S o = gate(o_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell)
        y[cell] = o * squashed[cell];
    }
  }
}

// ---- backward: dy, dc come as dLoss/dy', dLoss/dc' and go as dLoss/dy, dLoss/dc ----

template <class S>
void MemoryBlocksCell<S>::backward(Unrolled<S>& u, Index t) const {
  with_squash<S>(gate_activation_, settings_.activation, output_activation_,
                 [&](const auto& squash) { load_slopes(u, t, squash); });
  backward_cells(u, t);
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    const Index at = b * u.Hp + unit;
    z.store(0, simd::load(u.dh + at) * z.load(0));
    simd::store(u.dh + at, simd::Vector<S>{});
  });
  u.add_recurrent_product_back(t, u.gates(), u.dh, 0, 1);
}

/// scratch becomes g of the cells and the gates, z their slopes; the squashed cell states are
/// followed by theirs.
template <class S>
template <class Squash>
void MemoryBlocksCell<S>::load_slopes(Unrolled<S>& u, Index t, const Squash& squash) const {
  u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
    const simd::Vector<S> y = z.load(0);
    simd::store(u.scratch + b * u.Hp + unit, y);
    z.store(0, in_two_parts<S>(
                   cells_ - unit, [&] { return squash.cell_slope(y); },
                   [&] { return squash.gate_slope(y); }));
    if (unit >= cells_) return;
    const simd::Vector<S> out = simd::load(u.aux_at(t) + b * u.Hp + unit);
    simd::store(u.scratch + (u.B + b) * u.Hp + unit, squash.output_slope(out));
  });
}

/// dh becomes what reaches g of the cells and the gates.
template <class S>
void MemoryBlocksCell<S>::backward_cells(Unrolled<S>& u, Index t) const {
  for (Index b = 0; b < u.active(t); ++b) {
    const S *c = u.c_at(t) + b * u.Hp, *out = u.aux_at(t) + b * u.Hp;
    const S *y = u.scratch + b * u.Hp, *out_slope = u.scratch + (u.B + b) * u.Hp;
    S *dy = u.dh + b * u.Hp, *dc = u.dc + b * u.Hp;
    const auto gate = [&](Index first, Index block) { return first < 0 ? S(1) : y[first + block]; };
    const auto add = [&](Index first, Index block, S gradient) {
      if (first >= 0) dy[first + block] += gradient;
    };
    for (Index block = 0, cell = 0; cell < cells_; ++block) {
      const S i = gate(i_, block), f = gate(f_, block), o = gate(o_, block);
      for (const Index end = cell + cells_in_each_; cell < end; ++cell) {
        // h' = o * out(c')
        const S dh = dy[cell], d = dc[cell] + dh * o * out_slope[cell];
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

template <class S>
void MemoryBlocksCell<S>::write_weight_gradients(Unrolled<S>& u) const {
  u.write_recurrent_weight_gradient(u.gates(), 0, 1);
}

template <class S>
std::vector<Trace<S>> MemoryBlocksCell<S>::trace(const Unrolled<S>& u) const {
  const Trace<S> all = gate_trace("units", u, 0);
  const Index blocks = cells_ / cells_in_each_;
  std::vector<Trace<S>> traces;
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
