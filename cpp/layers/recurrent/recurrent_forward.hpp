// The bodies of Recurrent, for the .cpp of each cell to instantiate: shapes and the way forward.
#pragma once

#include <algorithm>
#include <cmath>

#include "layers/dropout.hpp"
#include "layers/recurrent/recurrent.hpp"
#include "numerics/copy.hpp"

namespace echocell {

/// Features from which on it is worth looking for one-hot rows.
constexpr Index kFewestHot = 4;

/// Steps of a segment: all T, unless so many rows of gates would take too much memory.
inline Index segment_steps(Index T, Index numbers_per_step) {
  constexpr Index kMostNumbers = Index{1} << 24;
  if (T * numbers_per_step <= kMostNumbers) return T;
  const auto root = static_cast<Index>(std::sqrt(static_cast<double>(T)));
  return std::clamp(kMostNumbers / numbers_per_step, Index{1}, std::max<Index>(root, 64));
}

/// So many steps that a look at the interrupt is cheap, so few that it is never late.
inline Index steps_per_check(Index multiplications_per_step) {
  Index steps = 256;
  while (steps > 1 && steps * multiplications_per_step > 1000000) steps /= 2;
  return steps;
}

/// The values of a block of the gates over time, units in order; zeros at masked steps.
template <class Scalar>
Trace<Scalar> gate_trace(const char* name, const Unrolled<Scalar>& u, Index block) {
  Trace<Scalar> trace{name, u.T, u.B, u.H, std::vector<Scalar>(std::size_t(u.T * u.B * u.H))};
  for (Index s = 0; s < u.walk; ++s) {
    u.for_each_vector(s, [&](Index k, Index unit, const auto& gates) {
      const auto [t, b] = u.place(s, k);
      using V = typename std::decay_t<decltype(gates)>::Array;
      Scalar* to = trace.numbers.data() + (t * u.B + b) * u.H + unit;
      store_some<V>(to, gates[block], std::min<Index>(V::SizeAtCompileTime, u.H - unit));
    });
  }
  return trace;
}

/// The values of a state, h or c, after each step: of the units that are put out.
template <class Scalar>
Trace<Scalar> state_trace(const char* name, const Unrolled<Scalar>& u, const Scalar* state) {
  Trace<Scalar> trace{name, u.T, u.B, u.O, std::vector<Scalar>(std::size_t(u.T * u.B * u.O))};
  u.for_each_state([&](Index s, Index k, Index b, Index t) {
    copy_numbers(state + (u.start(s) + k) * u.Hp, u.O, trace.numbers.data() + (t * u.B + b) * u.O);
  });
  return trace;
}

// ---- shapes ------------------------------------------------------------------------------------

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::build(const Shape& input) {
  if (input.size() != 2 || input[1] < 1) {
    throw std::invalid_argument("a recurrent layer expects input of shape (batch, time steps, " +
                                std::string("features), received ") + to_string(input));
  }
  const Index H = settings().units, n = cell_.blocks();
  if (!settings().use_kernel && input[1] != H) {
    throw std::invalid_argument("without a kernel the layer expects " + std::to_string(H) +
                                " features, one for each unit, received " + to_string(input));
  }
  features_ = input[1];
  this->parameters_.clear();
  const auto packed = [&](Index stack, Index rows) {
    return packing<Scalar>(stack, rows, n, H, whole_blocks());
  };
  if (settings().use_kernel) {
    kernel_ = this->add_parameter("kernel", {features_, n * H}, packed(1, features_));
  }
  recurrent_ = this->add_parameter("recurrent_kernel", {H, n * H}, packed(1, H));
  if (settings().use_bias) {
    const Index rows = cell_.bias_rows();
    bias_ =
        this->add_parameter("bias", rows == 1 ? Shape{n * H} : Shape{rows, n * H}, packed(rows, 1));
  }
  if (const Index rows = cell_.peepholes()) {
    peephole_ =
        this->add_parameter("peephole_kernel", {rows, H}, packing<Scalar>(rows, 1, 1, H, true));
  }
}

template <class Scalar, class Cell>
Shape Recurrent<Scalar, Cell>::output_shape(const Shape& input) const {
  if (input.size() != 2 || input[1] != features_) {
    throw std::invalid_argument("expected input of shape (None, None, " +
                                std::to_string(features_) + "), received " + to_string(input));
  }
  const Index width = settings().units_put_out() + (settings().shortcut ? features_ : 0);
  if (settings().return_sequences) return {input[0], width};
  return {width};
}

template <class Scalar, class Cell>
std::unique_ptr<Cache> Recurrent<Scalar, Cell>::plan(const Shape& input, Index batch, Use use,
                                                     Workspace& w) const {
  auto u = std::make_unique<U>();
  const Index T = u->T = u->walk = input[0], B = u->B = batch, F = u->F = features_;
  const Index H = u->H = settings().units, n = u->n = cell_.blocks();
  u->O = settings().units_put_out();
  u->truncated = settings().truncated;
  const Packing columns = packing<Scalar>(1, 1, n, H, whole_blocks());
  const Index Hp = u->Hp = padded<Scalar>(H), N = u->N = columns.cols();
  u->tile = columns.tile;
  u->tail = columns.tail;
  const Index segment = u->segment = segment_steps(T, B * N);
  u->check = steps_per_check(B * H * H * n);
  const bool drops = use.training && settings().dropout > 0;
  const bool drops_recurrent = use.training && settings().recurrent_dropout > 0;
  u->x_groups = drops && drops_recurrent ? n : 1;

  const bool copies = drops || settings().go_backwards || use.masked;
  if (copies) u->x_copy = w.take<Scalar>(u->x_groups * T * B * F);
  if (use.masked) u->valid_steps.plan(T, B, w);
  if (drops) u->x_drop = w.take<Scalar>(u->x_groups * B * F);
  if (!drops && F >= kFewestHot && settings().use_kernel) {
    u->hot = w.take<Index>(T * B);
    if (use.training) u->hot_before = w.take<Index>(T * B);
  }
  u->z = w.take<Scalar>(segment * B * N);
  u->h = w.take<Scalar>((T + 1) * B * Hp);
  if (drops_recurrent) {
    u->h_drop = w.take<Scalar>(n * B * Hp);
    u->h_masked = w.take<Scalar>(n * T * B * Hp);
  }
  if (use.training) {
    u->dh = w.take<Scalar>(B * Hp);
    if (!u->truncated) u->recurrent_back.plan(H, N, T * B, w);
    if (settings().use_kernel) u->kernel_back.plan(F, N, T * B, w);
  }
  u->scratch = w.take<Scalar>(B * (N + Hp));
  cell_.plan(*u, use.training, w);
  if (u->c && u->segments() > 1) u->c_starts = w.take<Scalar>(u->segments() * B * Hp);
  return u;
}

// ---- forward -----------------------------------------------------------------------------------

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::forward(const Pass<Scalar>& pass) const {
  U& u = static_cast<U&>(*pass.cache);
  u.interrupt = pass.interrupt;
  u.turned = !u.turned;
  bind_parameters(pass, u);
  load_mask(pass, u);
  load_input(pass, u);
  find_one_hot(u);
  load_state(pass, u);
  for (Index k = 0; k < u.segments(); ++k) {
    forward_segment(pass, u, k, false);
    if (pass.stopped()) return;  // the last states are not there to be written
    write_state(pass, u);
  }
  write_output(pass, u);
}

/// Steps [index segment, ...) from the states at their start; again: for the way back.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::forward_segment(const Pass<Scalar>& pass, U& u, Index index,
                                              bool again) const {
  const Index first = index * u.segment, states = u.rows(first) * u.Hp;
  if (u.c && index > 0 && !again) copy_numbers<Scalar>(u.c_at(first), states, u.c);
  u.first = first;
  u.steps = std::min(u.segment, u.walk - first);
  if (u.c_starts) {
    Scalar* start = u.c_starts + index * u.B * u.Hp;
    copy_numbers<Scalar>(again ? start : u.c, states, again ? u.c : start);
  }
  project_input(u);
  if (u.packed) clear_ended_rows(u);
  for (Index t = u.first; t < u.first + u.steps; ++t) {
    if ((t & (u.check - 1)) == 0 && pass.stopped()) return;
    if (u.h_drop) drop_recurrent(u, t);
    cell_.forward(u, t);
  }
}

template <class Scalar, class Cell>
std::vector<Trace<Scalar>> Recurrent<Scalar, Cell>::trace(const Pass<Scalar>& pass) const {
  const auto& u = static_cast<const U&>(*pass.cache);
  if (u.segments() > 1) {
    throw std::invalid_argument("a trace of " + std::to_string(u.T) + " time steps of " +
                                std::to_string(u.B) + " samples is too large; trace fewer");
  }
  return cell_.trace(u);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::bind_parameters(const Pass<Scalar>& pass, U& u) const {
  const bool bound = u.recurrent == recurrent_.span(pass.parameters).data &&
                     u.d_recurrent == recurrent_.span(pass.gradients).data;
  if (bound) return;
  u.kernel = kernel_.span(pass.parameters).data;
  u.recurrent = recurrent_.span(pass.parameters).data;
  u.bias = bias_.span(pass.parameters).data;
  u.peephole = peephole_.span(pass.parameters).data;
  u.d_kernel = kernel_.span(pass.gradients).data;
  u.d_recurrent = recurrent_.span(pass.gradients).data;
  u.d_bias = bias_.span(pass.gradients).data;
  u.d_peephole = peephole_.span(pass.gradients).data;
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::load_input(const Pass<Scalar>& pass, U& u) const {
  const Tensor<const Scalar>& input = pass.input();
  u.x = input.data;
  const bool drop = u.x_drop && pass.training, reversed = settings().go_backwards;
  if (!(u.x_drop || reversed || u.packed)) return;
  u.x = u.x_copy;
  const Index step = u.B * u.F;
  for (Index g = 0; g < u.x_groups; ++g) {
    if (drop) {
      for (Index b = 0; b < u.B; ++b) {
        draw_dropout<Scalar>(pass.random.child(static_cast<std::uint64_t>(g)), settings().dropout,
                             pass.row(b), {u.x_drop + (g * u.B + b) * u.F, u.F});
      }
    }
    // One row at a time, or where all of a step take part, all of them.
    const Index rows = u.packed ? u.start(u.walk) : u.T, width = u.packed ? u.F : step;
    for (Index row = 0; row < rows; ++row) {
      const auto [t, b] = u.packed ? u.valid_steps.place(row) : ValidSteps::Place{row, 0};
      Scalar* to = u.x_copy + g * u.T * step + row * width;
      if (t == u.T) {
        std::fill_n(to, width, Scalar(0));
        continue;
      }
      const Scalar* from = input.row(reversed ? u.T - 1 - t : t, b).data();
      const Scalar* mask = drop ? u.x_drop + g * step + b * u.F : nullptr;
      for (Index j = 0; j < width; ++j) to[j] = mask ? from[j] * mask[j] : from[j];
    }
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::load_mask(const Pass<Scalar>& pass, U& u) const {
  u.packed = false;
  u.walk = u.T;
  if (!pass.input_mask || u.B == 0) return;
  u.valid_steps.load(pass.input_mask, settings().go_backwards);
  if (u.valid_steps.all()) return;
  u.packed = true;
  u.walk = u.valid_steps.longest();
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::find_one_hot(U& u) const {
  u.one_hot = u.hot != nullptr;
  for (Index r = 0; u.one_hot && r < u.start(u.walk); ++r) {
    const Scalar* x = u.x + r * u.F;
    // No branch, so that the compiler takes whole vectors; with one hot feature, the sum of the
    // places is its place.
    std::int32_t count = 0, place = 0;
    for (std::int32_t k = 0; k < static_cast<std::int32_t>(u.F); ++k) {
      const std::int32_t hot = x[k] != Scalar(0) ? 1 : 0;
      count += hot;
      place += hot * k;
    }
    u.hot[r] = count == 0 ? -1 : place;
    u.one_hot = count <= 1;
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::load_state(const Pass<Scalar>& pass, U& u) const {
  const auto load = [&](std::size_t k, Index width, Scalar* to) {
    const Scalar* from = k < pass.initial_state.size() ? pass.initial_state[k].data : nullptr;
    for (Index b = 0; b < u.B; ++b) {
      copy_or_zero(from ? from + u.source(b) * width : nullptr, width, to + b * u.Hp);
    }
  };
  const auto is_null = [](const auto& state) { return !state; };
  u.starts_from_zero = std::all_of(pass.initial_state.begin(), pass.initial_state.end(), is_null);
  if (!u.starts_from_zero || !u.zeros_loaded) {
    load(0, u.H, u.h);
    if (u.c) load(1, u.O, u.c);
  }
  u.zeros_loaded = u.starts_from_zero && u.segments() == 1;
  if (u.h_drop) draw_recurrent_dropout(pass, u);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::draw_recurrent_dropout(const Pass<Scalar>& pass, U& u) const {
  for (Index k = 0; k < u.n; ++k) {
    for (Index b = 0; b < u.B; ++b) {
      Scalar* mask = u.h_drop + (k * u.B + b) * u.Hp;
      if (pass.training) {
        draw_dropout<Scalar>(pass.random.child(static_cast<std::uint64_t>(u.n + k)),
                             settings().recurrent_dropout, pass.row(u.source(b)), {mask, u.H});
      } else {
        std::fill(mask, mask + u.H, Scalar(1));
      }
    }
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::project_input(U& u) const {
  if (!settings().use_kernel) return add_input_to_units(u);
  const Index rows = u.segment_rows(), before = u.start(u.first);
  const Panels<Scalar> z = u.gates();
  const ConstPanels<Scalar> kernel = u.panels(u.kernel, u.F);
  if (u.one_hot) {
    fill_rows(u.bias, z, Index(0), rows);
    add_one_hot_product(u.x + before * u.F, u.hot + before, rows, kernel, z);
    return;
  }
  const Index blocks = u.n / u.x_groups;
  for (Index g = 0; g < u.x_groups; ++g) {
    const ConstRowsView<Scalar> x = rows_view(u.x + (g * u.T * u.B + before) * u.F, rows, u.F);
    in_pieces(u.interrupt, rows, u.F * u.N, [&](Index row, Index count) {
      affine<Scalar>(row_range(x, row, count), kernel, u.bias, z, row, {g * blocks, blocks, u.n});
    });
  }
}

/// z = x + b, in a layer of one block without a kernel.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::add_input_to_units(U& u) const {
  for (Index t = u.first; t < u.first + u.steps; ++t) {
    const Scalar* x = u.x + u.start(t) * u.F;
    u.for_each_vector(t, [&](Index b, Index unit, const auto& z) {
      using V = typename std::decay_t<decltype(z)>::Array;
      const Index count = std::min<Index>(V::SizeAtCompileTime, u.H - unit);
      z[0] = load_some<V>(x + b * u.F + unit, count);
      if (u.bias) z[0] += V::Map(u.bias + unit);
    });
  }
}

/// Rows that end at a step take no part in it, but in the sums over all rows of the segment.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::clear_ended_rows(U& u) const {
  for (Index t = u.first; t < u.first + u.steps; ++t) {
    const Index active = u.active(t), ended = u.rows(t) - active, at = u.row(t) + active;
    fill_rows<Scalar>(nullptr, u.gates(), at, ended);
    if (u.aux) ArrayView<Scalar>(u.aux + at * u.Hp, ended * u.Hp).setZero();
    if (u.d_recurrent_z) {
      fill_rows<Scalar>(nullptr, u.panels(u.d_recurrent_z, u.segment * u.B), at, ended);
    }
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::drop_recurrent(U& u, Index t) const {
  const Index size = u.rows(t) * u.Hp;
  const ConstArrayView<Scalar> h(u.h_at(t), size);
  for (Index k = 0; k < u.n; ++k) {
    const ConstArrayView<Scalar> mask(u.h_drop + k * u.B * u.Hp, size);
    ArrayView<Scalar>(u.masked_h(k, t), size) = h * mask;
  }
}

/// Whether the output at step t of the slice is 0 because the step is masked.
template <class Scalar, class Cell>
bool Recurrent<Scalar, Cell>::hides_step(const Pass<Scalar>& pass, Index t, Index b) const {
  return settings().zero_output_for_mask && !pass.input_mask.valid(t, b);
}

/// The same of the last output: its step is the last that the row has.
template <class Scalar, class Cell>
bool Recurrent<Scalar, Cell>::hides_end(const Pass<Scalar>& pass, Index b) const {
  Index t = settings().go_backwards ? 0 : pass.input().steps - 1;
  while (t > 0 && !pass.lengths.valid(t, b)) --t;
  return hides_step(pass, t, b);
}

// A masked step repeats the output of the step before it, which is the state h, or is 0. In front
// of the first valid step the output is 0, even where the initial state is not (Keras's `rnn`),
// unless the sequence began in an earlier batch. A shortcut puts out the input of the step itself.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_output(const Pass<Scalar>& pass, const U& u) const {
  if (!settings().return_sequences) return write_last_output(pass, u);
  Scalar* out = pass.output.data;
  const Index width = u.O + (settings().shortcut ? u.F : 0);
  if (u.packed) {
    u.for_each_state([&](Index s, Index k, Index b, Index t) {
      const bool begun = s > 0 || pass.continues;
      const bool shown = begun && !hides_step(pass, settings().go_backwards ? u.T - 1 - t : t, b);
      copy_or_zero<Scalar>(shown ? u.h_at(s) + k * u.Hp : nullptr, u.O,
                           out + (t * u.B + b) * width);
    });
  } else {
    const Scalar* h = u.h_at(1);
    for (Index r = 0; r < u.T * u.B; ++r) copy_numbers(h + r * u.Hp, u.O, out + r * width);
  }
  if (settings().shortcut) write_shortcut(pass, u);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_last_output(const Pass<Scalar>& pass, const U& u) const {
  for (Index k = 0; k < u.B; ++k) {
    const Index t = u.length(k), b = u.source(k);
    const bool shown = (t > 0 || pass.continues) && !hides_end(pass, b);
    copy_or_zero<Scalar>(shown ? u.h_at(t) + k * u.Hp : nullptr, u.O, pass.output.data + b * u.O);
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_shortcut(const Pass<Scalar>& pass, const U& u) const {
  for (Index r = 0; r < u.T * u.B; ++r) {
    const Index t = r / u.B, b = r % u.B, from = settings().go_backwards ? u.T - 1 - t : t;
    const Scalar* x = hides_step(pass, from, b) ? nullptr : pass.input().row(from, b).data();
    copy_or_zero<Scalar>(x, u.F, pass.output.row(t, b).data() + u.O);
  }
}

/// Of the sequences that end in this segment.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_state(const Pass<Scalar>& pass, const U& u) const {
  const auto write = [&](std::size_t k, Index width, const auto& state_at) {
    Scalar* to = k < pass.final_state.size() ? pass.final_state[k].data : nullptr;
    for (Index b = 0; to && b < u.B; ++b) {
      const Index t = u.length(b);
      if (t > u.first + u.steps || (t <= u.first && u.first > 0)) continue;
      copy_numbers<Scalar>(state_at(t) + b * u.Hp, width, to + u.source(b) * width);
    }
  };
  write(0, u.H, [&](Index t) { return u.h_at(t); });
  write(1, u.O, [&](Index t) { return u.c_at(t); });
}

}  // namespace echocell
