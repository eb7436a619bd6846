// The bodies of Recurrent, for the .cpp of each cell to instantiate.
#pragma once

#include <algorithm>
#include <cmath>

#include "layers/recurrent.hpp"
#include "numerics/copy.hpp"

namespace echocell {

template <class S>
void copy_or_zero(const S* from, Index count, S* to) {
  if (from) {
    copy_numbers(from, count, to);
  } else {
    std::fill(to, to + count, S(0));
  }
}

/// Features from which on it is worth looking for one-hot rows.
constexpr Index kFewestHot = 4;

/// [rows, H] without gaps from or to rows with a stride.
template <class S>
void copy_rows(const S* from, Index from_stride, Index rows, Index width, S* to, Index to_stride) {
  for (Index r = 0; r < rows; ++r) copy_numbers(from + r * from_stride, width, to + r * to_stride);
}

/// Steps of a segment: all T, unless so many rows of gates would take too much memory.
inline Index segment_steps(Index T, Index numbers_per_step) {
  constexpr Index kMostNumbers = Index{1} << 24;
  if (T * numbers_per_step <= kMostNumbers) return T;
  const auto root = static_cast<Index>(std::sqrt(static_cast<double>(T)));
  return std::clamp(kMostNumbers / numbers_per_step, Index{1}, std::max<Index>(root, 64));
}

/// The values of a block of the gates over time, units in order.
template <class S>
Trace<S> gate_trace(const char* name, const Unrolled<S>& u, Index block) {
  constexpr Index W = simd::kLanes<S>;
  Trace<S> trace{name, u.T, u.B, u.H, std::vector<S>(std::size_t(u.T * u.B * u.H))};
  for (Index t = 0; t < u.T; ++t) {
    u.for_each_vector(t, [&](Index b, Index unit, const S* z) {
      S* to = trace.numbers.data() + (t * u.B + b) * u.H + unit;
      copy_numbers(z + block * W, std::min(W, u.H - unit), to);
    });
  }
  return trace;
}

/// The values of a state [T, B, Hp].
template <class S>
Trace<S> state_trace(const char* name, const Unrolled<S>& u, const S* state) {
  Trace<S> trace{name, u.T, u.B, u.H, std::vector<S>(std::size_t(u.T * u.B * u.H))};
  copy_rows(state, u.Hp, u.T * u.B, u.H, trace.numbers.data(), u.H);
  return trace;
}

// ---- shapes ------------------------------------------------------------------------------------

template <class S, class Cell>
void Recurrent<S, Cell>::build(const Shape& input) {
  if (input.size() != 2 || input[1] < 1) {
    throw std::invalid_argument("a recurrent layer expects input of shape (batch, time steps, " +
                                std::string("features), received ") + to_string(input));
  }
  features_ = input[1];
  const Index H = settings().units, n = cell_.blocks();
  this->parameters_.clear();
  kernel_ = this->add_parameter("kernel", {features_, n * H}, packing<S>(1, features_, n, H));
  recurrent_ = this->add_parameter("recurrent_kernel", {H, n * H}, packing<S>(1, H, n, H));
  if (settings().use_bias) {
    const Index rows = cell_.bias_rows();
    bias_ = this->add_parameter("bias", rows == 1 ? Shape{n * H} : Shape{rows, n * H},
                                packing<S>(rows, 1, n, H));
  }
  if (const Index rows = cell_.peepholes()) {
    peephole_ = this->add_parameter("peephole_kernel", {rows, H}, packing<S>(rows, 1, 1, H));
  }
}

template <class S, class Cell>
Shape Recurrent<S, Cell>::output_shape(const Shape& input) const {
  if (input.size() != 2 || input[1] != features_) {
    throw std::invalid_argument("expected input of shape (None, None, " +
                                std::to_string(features_) + "), received " + to_string(input));
  }
  if (settings().return_sequences) return {input[0], settings().units};
  return {settings().units};
}

template <class S, class Cell>
std::unique_ptr<Cache> Recurrent<S, Cell>::plan(const Shape& input, Index batch, bool training,
                                                Workspace& w) const {
  auto u = std::make_unique<U>();
  const Index T = u->T = input[0], B = u->B = batch, F = u->F = features_;
  const Index H = u->H = settings().units, n = u->n = cell_.blocks();
  const Index Hp = u->Hp = simd::padded<S>(H), N = u->N = n * Hp;
  u->tile = tile_for<S>(n);
  const Index segment = u->segment = segment_steps(T, B * N);
  const bool drops = training && settings().dropout > 0;
  const bool drops_recurrent = training && settings().recurrent_dropout > 0;
  u->x_groups = drops && drops_recurrent ? n : 1;

  if (drops || settings().go_backwards) u->x_copy = w.take<S>(u->x_groups * T * B * F);
  if (drops) u->x_drop = w.take<S>(u->x_groups * B * F);
  if (!drops && F >= kFewestHot) u->hot = w.take<Index>(T * B);
  u->z = w.take<S>(segment * B * N);
  u->h = w.take<S>((T + 1) * B * Hp);
  u->first_valid = w.take<Index>(B);
  u->mask_copy = w.take<std::uint8_t>(T * B);
  if (drops_recurrent) {
    u->h_drop = w.take<S>(n * B * Hp);
    u->h_masked = w.take<S>(n * T * B * Hp);
  }
  if (training) {
    u->dh = w.take<S>(B * Hp);
    u->recurrent_back.plan(H, N, T * B, w);
    u->kernel_back.plan(F, N, T * B, w);
  }
  u->scratch = w.take<S>(B * (N + Hp));
  cell_.plan(*u, training, w);
  if (u->c && u->segments() > 1) u->c_starts = w.take<S>(u->segments() * B * Hp);
  return u;
}

// ---- forward -----------------------------------------------------------------------------------

template <class S, class Cell>
void Recurrent<S, Cell>::forward(const Pass<S>& pass) const {
  U& u = static_cast<U&>(*pass.cache);
  u.interrupt = pass.interrupt;
  bind_parameters(pass, u);
  load_input(pass, u);
  find_one_hot(u);
  load_mask(pass, u);
  load_state(pass, u);
  for (Index k = 0; k < u.segments(); ++k) {
    if (pass.stopped()) return;  // the last states are not there to be written
    forward_segment(pass, u, k, false);
  }
  write_output(pass, u);
  write_state(pass, u);
}

/// Steps [index segment, ...) from the states at their start; again: for the way back.
template <class S, class Cell>
void Recurrent<S, Cell>::forward_segment(const Pass<S>& pass, U& u, Index index, bool again) const {
  if (u.c && index > 0 && !again) copy_numbers<S>(u.c_at(u.first + u.steps), u.B * u.Hp, u.c);
  u.first = index * u.segment;
  u.steps = std::min(u.segment, u.T - u.first);
  if (u.c_starts) {
    S* start = u.c_starts + index * u.B * u.Hp;
    copy_numbers<S>(again ? start : u.c, u.B * u.Hp, again ? u.c : start);
  }
  project_input(u);
  const Index check = steps_per_check(u);
  for (Index t = u.first; t < u.first + u.steps; ++t) {
    if (t % check == 0 && pass.stopped()) return;
    if (u.h_drop) drop_recurrent(u, t);
    cell_.forward(u, t);
  }
}

template <class S, class Cell>
std::vector<Trace<S>> Recurrent<S, Cell>::trace(const Pass<S>& pass) const {
  const auto& u = static_cast<const U&>(*pass.cache);
  if (u.segments() > 1) {
    throw std::invalid_argument("a trace of " + std::to_string(u.T) + " time steps of " +
                                std::to_string(u.B) + " samples is too large; trace fewer");
  }
  return cell_.trace(u);
}

template <class S, class Cell>
void Recurrent<S, Cell>::bind_parameters(const Pass<S>& pass, U& u) const {
  const auto at = [](auto* base, Index offset) {
    return base == nullptr || offset < 0 ? nullptr : base + offset;
  };
  u.kernel = at(pass.parameters, kernel_);
  u.recurrent = at(pass.parameters, recurrent_);
  u.bias = at(pass.parameters, bias_);
  u.peephole = at(pass.parameters, peephole_);
  u.d_kernel = at(pass.gradients, kernel_);
  u.d_recurrent = at(pass.gradients, recurrent_);
  u.d_bias = at(pass.gradients, bias_);
  u.d_peephole = at(pass.gradients, peephole_);
}

template <class S, class Cell>
void Recurrent<S, Cell>::load_input(const Pass<S>& pass, U& u) const {
  const Tensor<const S>& input = pass.input();
  u.x = input.data;
  if (!u.x_copy) return;
  const Index step = u.B * u.F;
  const bool drop = u.x_drop && pass.training;
  for (Index g = 0; g < u.x_groups; ++g) {
    if (drop) {
      for (Index b = 0; b < u.B; ++b) {
        draw_dropout(pass.random.child(static_cast<std::uint64_t>(g)), settings().dropout,
                     pass.row(b), u.x_drop + (g * u.B + b) * u.F, u.F);
      }
    }
    for (Index t = 0; t < u.T; ++t) {
      const S* from = input.step(settings().go_backwards ? u.T - 1 - t : t);
      S* to = u.x_copy + (g * u.T + t) * step;
      const S* mask = drop ? u.x_drop + g * step : nullptr;
      for (Index j = 0; j < step; ++j) to[j] = mask ? from[j] * mask[j] : from[j];
    }
  }
  u.x = u.x_copy;
}

template <class S, class Cell>
void Recurrent<S, Cell>::load_mask(const Pass<S>& pass, U& u) const {
  u.mask = nullptr;
  if (!pass.input_mask) {
    std::fill(u.first_valid, u.first_valid + u.B, Index(0));
    return;
  }
  for (Index t = 0; t < u.T; ++t) {
    const Index from = settings().go_backwards ? u.T - 1 - t : t;
    std::copy_n(pass.input_mask.data + from * u.B, u.B, u.mask_copy + t * u.B);
  }
  u.mask = u.mask_copy;
  for (Index b = 0; b < u.B; ++b) {
    Index t = 0;
    while (t < u.T && !u.valid(t, b)) ++t;
    u.first_valid[b] = t;
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::find_one_hot(U& u) const {
  u.one_hot = u.hot != nullptr;
  for (Index r = 0; u.one_hot && r < u.T * u.B; ++r) {
    const S* x = u.x + r * u.F;
    // No branch, so that the compiler takes whole vectors; with one hot feature, the sum of the
    // places is its place.
    std::int32_t count = 0, place = 0;
    for (std::int32_t k = 0; k < static_cast<std::int32_t>(u.F); ++k) {
      const std::int32_t hot = x[k] != S(0) ? 1 : 0;
      count += hot;
      place += hot * k;
    }
    u.hot[r] = count == 0 ? -1 : place;
    u.one_hot = count <= 1;
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::load_state(const Pass<S>& pass, U& u) const {
  const auto load = [&](std::size_t k, S* to) {
    const S* from = k < pass.initial_state.size() ? pass.initial_state[k] : nullptr;
    if (from) {
      copy_rows(from, u.H, u.B, u.H, to, u.Hp);
    } else {
      std::fill_n(to, u.B * u.Hp, S(0));
    }
  };
  load(0, u.h);
  if (u.c) load(1, u.c);
  u.starts_from_zero = pass.initial_state.empty() || pass.initial_state[0] == nullptr;
  if (u.h_drop) draw_recurrent_dropout(pass, u);
}

template <class S, class Cell>
void Recurrent<S, Cell>::draw_recurrent_dropout(const Pass<S>& pass, U& u) const {
  for (Index k = 0; k < u.n; ++k) {
    for (Index b = 0; b < u.B; ++b) {
      S* mask = u.h_drop + (k * u.B + b) * u.Hp;
      if (pass.training) {
        draw_dropout(pass.random.child(static_cast<std::uint64_t>(u.n + k)),
                     settings().recurrent_dropout, pass.row(b), mask, u.H);
      } else {
        std::fill(mask, mask + u.H, S(1));
      }
    }
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::project_input(U& u) const {
  const Index rows = u.steps * u.B, before = u.first * u.B;
  const Panels<S> z = u.gates();
  const ConstPanels<S> kernel = u.panels(u.kernel, u.F);
  fill_rows(u.bias, z, Index(0), rows);
  if (u.one_hot) {
    add_one_hot_product(u.x + before * u.F, u.hot + before, rows, kernel, z);
    return;
  }
  const Index blocks = u.n / u.x_groups;
  for (Index g = 0; g < u.x_groups; ++g) {
    const ConstMatrix<S> x(u.x + (g * u.T * u.B + before) * u.F, rows, u.F);
    in_pieces(u.interrupt, rows, u.F * u.N, [&](Index row, Index count) {
      add_product(x.row_range(row, count), kernel, z, row, {g * blocks, blocks, u.n});
    });
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::drop_recurrent(U& u, Index t) const {
  const S* h = u.h_at(t);
  for (Index k = 0; k < u.n; ++k) {
    const S* mask = u.h_drop + k * u.B * u.Hp;
    S* to = u.h_masked + (k * u.T + t) * u.B * u.Hp;
    for (Index j = 0; j < u.B * u.Hp; ++j) to[j] = h[j] * mask[j];
  }
}

// A masked step repeats the output of the step before it, which is the state h; before the first
// valid step the output is zero, even where the initial state is not (Keras's `rnn`).
template <class S, class Cell>
void Recurrent<S, Cell>::write_output(const Pass<S>& pass, const U& u) const {
  const Index first = settings().return_sequences ? 0 : u.T - 1;
  for (Index t = std::max(first, Index(0)); t < u.T; ++t) {
    S* out = pass.output.data + (t - first) * u.B * u.H;
    for (Index b = 0; b < u.B; ++b) {
      const S* h = t >= u.first_valid[b] ? u.h_at(t + 1) + b * u.Hp : nullptr;
      copy_or_zero(h, u.H, out + b * u.H);
    }
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::write_state(const Pass<S>& pass, const U& u) const {
  const auto& to = pass.final_state;
  if (to.size() > 0 && to[0]) copy_rows<S>(u.h_at(u.T), u.Hp, u.B, u.H, to[0], u.H);
  if (to.size() > 1 && to[1]) copy_rows<S>(u.c_at(u.T), u.Hp, u.B, u.H, to[1], u.H);
}

// ---- backward, step by step the mirror of forward ----------------------------------------------

template <class S, class Cell>
void Recurrent<S, Cell>::backward(const Pass<S>& pass) const {
  U& u = static_cast<U&>(*pass.cache);
  load_gradient(pass, u);
  for (Index k = u.segments() - 1; k >= 0 && !pass.stopped(); --k) {
    if (k + 1 < u.segments()) forward_segment(pass, u, k, true);
    backward_segment(pass, u);
  }
  write_state_gradient(pass, u);
}

template <class S, class Cell>
void Recurrent<S, Cell>::backward_segment(const Pass<S>& pass, U& u) const {
  const Index check = steps_per_check(u);
  for (Index t = u.first + u.steps - 1; t >= u.first; --t) {
    if (t % check == 0 && pass.stopped()) return;
    add_output_gradient(pass, u, t);
    cell_.backward(u, t);
  }
  cell_.add_weight_gradients(u);
  add_projection_gradients(u);
  if (pass.wants_input_gradient()) write_input_gradient(pass, u);
}

template <class S, class Cell>
void Recurrent<S, Cell>::load_gradient(const Pass<S>& pass, U& u) const {
  const auto load = [&](std::size_t k, S* to) {
    const auto& gradients = pass.final_state_gradient;
    const S* from = k < gradients.size() ? gradients[k] : nullptr;
    std::fill_n(to, u.B * u.Hp, S(0));
    if (from) copy_rows(from, u.H, u.B, u.H, to, u.Hp);
  };
  load(0, u.dh);
  if (u.dc) load(1, u.dc);
  const auto& wanted = pass.initial_state_gradient;
  u.state_gradient_wanted = !wanted.empty() && wanted[0] != nullptr;
  u.recurrent_back.load(u.panels(u.recurrent, u.H));
  if (pass.wants_input_gradient()) u.kernel_back.load(u.panels(u.kernel, u.F));
}

template <class S, class Cell>
void Recurrent<S, Cell>::add_output_gradient(const Pass<S>& pass, U& u, Index t) const {
  if (!settings().return_sequences && t != u.T - 1) return;
  const S* from = pass.output_gradient.step(settings().return_sequences ? t : 0);
  for (Index b = 0; b < u.B; ++b) {
    if (t < u.first_valid[b]) continue;
    S* dh = u.dh + b * u.Hp;
    for (Index k = 0; k < u.H; ++k) dh[k] += from[b * u.H + k];
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::add_projection_gradients(U& u) const {
  const Index rows = u.steps * u.B, before = u.first * u.B, blocks = u.n / u.x_groups;
  const Panels<S> d_kernel = u.panels(u.d_kernel, u.F);
  if (u.d_bias) add_column_sums<S>(u.gates(), rows, u.d_bias);
  if (u.one_hot) {
    add_one_hot_product_tn<S>(u.x + before * u.F, u.hot + before, rows, u.gates(), d_kernel);
    return;
  }
  for (Index g = 0; g < u.x_groups; ++g) {
    u.add_weight_gradient({u.x + (g * u.T * u.B + before) * u.F, rows, u.F}, u.gates(), Index(0),
                          d_kernel, {g * blocks, blocks, u.n});
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::write_input_gradient(const Pass<S>& pass, U& u) const {
  const Index blocks = u.n / u.x_groups;
  const bool drop = u.x_drop && pass.training;
  for (Index g = 0; g < u.x_groups; ++g) {
    const Vectors part{g * blocks, blocks, u.n};
    const Index rows = u.steps * u.B;
    u.kernel_back.for_each_row(u.gates(), rows, part, u.interrupt, [&](Index row, const S* from) {
      const Index t = u.first + row / u.B, b = row % u.B;
      const S* mask = drop ? u.x_drop + (g * u.B + b) * u.F : nullptr;
      S* to = pass.input_gradient().row(settings().go_backwards ? u.T - 1 - t : t, b);
      for (Index k = 0; k < u.F; ++k) {
        const S d = mask ? from[k] * mask[k] : from[k];
        to[k] = g == 0 ? d : to[k] + d;
      }
    });
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::write_state_gradient(const Pass<S>& pass, const U& u) const {
  const auto& to = pass.initial_state_gradient;
  if (to.size() > 0 && to[0]) copy_rows<S>(u.dh, u.Hp, u.B, u.H, to[0], u.H);
  if (to.size() > 1 && to[1]) copy_rows<S>(u.dc, u.Hp, u.B, u.H, to[1], u.H);
}

/// So many steps that a look at the interrupt is cheap, so few that it is never late.
template <class S, class Cell>
Index Recurrent<S, Cell>::steps_per_check(const U& u) const {
  const Index multiplications = std::max<Index>(1, u.B * u.H * u.H * u.n);
  return std::clamp<Index>(1000000 / multiplications, 1, 256);
}

}  // namespace echocell
