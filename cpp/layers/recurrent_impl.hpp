// The bodies of Recurrent, for the .cpp of each cell to instantiate.
#pragma once

#include <algorithm>
#include <cstring>

#include "layers/recurrent.hpp"

namespace echocell {

template <class S>
void copy_numbers(const S* from, Index count, S* to) {
  std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(S));
}

template <class S>
void copy_or_zero(const S* from, Index count, S* to) {
  if (from) {
    copy_numbers(from, count, to);
  } else {
    std::fill(to, to + count, S(0));
  }
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
  kernel_ = this->add_parameter("kernel", {features_, n * H});
  recurrent_ = this->add_parameter("recurrent_kernel", {H, n * H});
  if (settings().use_bias) bias_ = this->add_parameter("bias", cell_.bias_shape());
  if (!cell_.peephole_shape().empty()) {
    peephole_ = this->add_parameter("peephole_kernel", cell_.peephole_shape());
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
  const bool drops = training && settings().dropout > 0;
  const bool drops_recurrent = training && settings().recurrent_dropout > 0;
  u->x_groups = drops && drops_recurrent ? n : 1;

  if (drops || settings().go_backwards) u->x_copy = w.take<S>(u->x_groups * T * B * F);
  if (drops) u->x_drop = w.take<S>(u->x_groups * B * F);
  u->z = w.take<S>(T * B * n * H);
  u->h = w.take<S>((T + 1) * B * H);
  u->first_valid = w.take<Index>(B);
  u->mask_copy = w.take<std::uint8_t>(T * B);
  if (drops_recurrent) {
    u->h_drop = w.take<S>(n * B * H);
    u->h_masked = w.take<S>(n * T * B * H);
  }
  if (training) {
    u->dh = w.take<S>(B * H);
    if (u->x_copy) u->dx_scratch = w.take<S>(T * B * F);
  }
  u->scratch = w.take<S>(B * (n + 1) * H);
  cell_.plan(*u, training, w);
  return u;
}

// ---- forward -----------------------------------------------------------------------------------

template <class S, class Cell>
void Recurrent<S, Cell>::forward(const Pass<S>& pass) const {
  U& u = static_cast<U&>(*pass.cache);
  u.interrupt = pass.interrupt;
  bind_parameters(pass, u);
  load_input(pass, u);
  load_mask(pass, u);
  load_state(pass, u);
  project_input(u);
  const Index check = steps_per_check(u);
  for (Index t = 0; t < u.T; ++t) {
    if (t % check == 0 && pass.stopped()) return;
    if (u.h_drop) drop_recurrent(pass, u, t);
    cell_.forward(u, t);
  }
  write_output(pass, u);
  write_state(pass, u);
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
    copy_numbers(pass.input_mask.data + from * u.B, u.B, u.mask_copy + t * u.B);
  }
  u.mask = u.mask_copy;
  for (Index b = 0; b < u.B; ++b) {
    Index t = 0;
    while (t < u.T && !u.valid(t, b)) ++t;
    u.first_valid[b] = t;
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::load_state(const Pass<S>& pass, U& u) const {
  const auto initial = [&](std::size_t k) {
    return k < pass.initial_state.size() ? pass.initial_state[k] : nullptr;
  };
  copy_or_zero(initial(0), u.B * u.H, u.h);
  if (u.c) copy_or_zero(initial(1), u.B * u.H, u.c);
  if (u.h_drop) {
    for (Index k = 0; k < u.n; ++k) {
      for (Index b = 0; b < u.B; ++b) {
        S* mask = u.h_drop + (k * u.B + b) * u.H;
        if (pass.training) {
          draw_dropout(pass.random.child(static_cast<std::uint64_t>(u.n + k)),
                       settings().recurrent_dropout, pass.row(b), mask, u.H);
        } else {
          std::fill(mask, mask + u.H, S(1));
        }
      }
    }
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::project_input(U& u) const {
  const Index rows = u.T * u.B, blocks = u.n / u.x_groups;
  fill_rows<S>(u.bias, {u.z, rows, u.n * u.H});
  for (Index g = 0; g < u.x_groups; ++g) {
    const ConstMatrix<S> x(u.x + g * rows * u.F, rows, u.F);
    const Matrix<S> z = u.blocks(u.z, rows, g * blocks, blocks);
    in_pieces(u.interrupt, rows, u.F * z.cols, [&](Index row, Index count) {
      add_product<S>(x.row_range(row, count), u.blocks(u.kernel, u.F, g * blocks, blocks),
                     z.row_range(row, count));
    });
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::drop_recurrent(const Pass<S>&, U& u, Index t) const {
  const S* h = u.h_at(t);
  for (Index k = 0; k < u.n; ++k) {
    const S* mask = u.h_drop + k * u.B * u.H;
    S* to = u.h_masked + (k * u.T + t) * u.B * u.H;
    for (Index j = 0; j < u.B * u.H; ++j) to[j] = h[j] * mask[j];
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
      const S* h = t >= u.first_valid[b] ? u.h_at(t + 1) + b * u.H : nullptr;
      copy_or_zero(h, u.H, out + b * u.H);
    }
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::write_state(const Pass<S>& pass, const U& u) const {
  const auto& to = pass.final_state;
  if (to.size() > 0 && to[0]) copy_numbers<S>(u.h_at(u.T), u.B * u.H, to[0]);
  if (to.size() > 1 && to[1]) copy_numbers<S>(u.c_at(u.T), u.B * u.H, to[1]);
}

// ---- backward, step by step the mirror of forward ----------------------------------------------

template <class S, class Cell>
void Recurrent<S, Cell>::backward(const Pass<S>& pass) const {
  U& u = static_cast<U&>(*pass.cache);
  load_gradient(pass, u);
  const Index check = steps_per_check(u);
  for (Index t = u.T - 1; t >= 0; --t) {
    if (t % check == 0 && pass.stopped()) return;
    add_output_gradient(pass, u, t);
    cell_.backward(u, t);
  }
  write_state_gradient(pass, u);
  cell_.add_weight_gradients(u);
  add_projection_gradients(pass, u);
  if (pass.wants_input_gradient()) write_input_gradient(pass, u);
}

template <class S, class Cell>
void Recurrent<S, Cell>::load_gradient(const Pass<S>& pass, U& u) const {
  const auto gradient = [&](std::size_t k) {
    return k < pass.final_state_gradient.size() ? pass.final_state_gradient[k] : nullptr;
  };
  copy_or_zero(gradient(0), u.B * u.H, u.dh);
  if (u.dc) copy_or_zero(gradient(1), u.B * u.H, u.dc);
}

template <class S, class Cell>
void Recurrent<S, Cell>::add_output_gradient(const Pass<S>& pass, U& u, Index t) const {
  if (!settings().return_sequences && t != u.T - 1) return;
  const S* from = pass.output_gradient.step(settings().return_sequences ? t : 0);
  for (Index b = 0; b < u.B; ++b) {
    if (t < u.first_valid[b]) continue;
    for (Index k = b * u.H; k < (b + 1) * u.H; ++k) u.dh[k] += from[k];
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::add_projection_gradients(const Pass<S>&, U& u) const {
  const Index rows = u.T * u.B, blocks = u.n / u.x_groups;
  for (Index g = 0; g < u.x_groups; ++g) {
    u.add_product_tn_in_pieces({u.x + g * rows * u.F, rows, u.F},
                               u.blocks(u.z, rows, g * blocks, blocks),
                               u.blocks(u.d_kernel, u.F, g * blocks, blocks));
  }
  if (u.d_bias) add_column_sums<S>({u.z, rows, u.n * u.H}, u.d_bias);
}

template <class S, class Cell>
void Recurrent<S, Cell>::write_input_gradient(const Pass<S>& pass, U& u) const {
  const Index rows = u.T * u.B, blocks = u.n / u.x_groups, step = u.B * u.F;
  S* dx = pass.input_gradient().data;
  const auto project_back = [&](Index first, Index count, S* to) {
    const ConstMatrix<S> dz = u.blocks(u.z, rows, first, count);
    in_pieces(u.interrupt, rows, u.F * dz.cols, [&](Index row, Index n) {
      multiply_nt<S>(dz.row_range(row, n), u.blocks(u.kernel, u.F, first, count),
                     Matrix<S>(to, rows, u.F).row_range(row, n));
    });
  };
  if (!u.x_copy) {
    project_back(0, u.n, dx);
    return;
  }
  std::fill(dx, dx + rows * u.F, S(0));
  const bool drop = u.x_drop && pass.training;
  for (Index g = 0; g < u.x_groups; ++g) {
    project_back(g * blocks, blocks, u.dx_scratch);
    for (Index t = 0; t < u.T; ++t) {
      const S* from = u.dx_scratch + t * step;
      const S* mask = drop ? u.x_drop + g * step : nullptr;
      S* to = dx + (settings().go_backwards ? u.T - 1 - t : t) * step;
      for (Index j = 0; j < step; ++j) to[j] += mask ? from[j] * mask[j] : from[j];
    }
  }
}

template <class S, class Cell>
void Recurrent<S, Cell>::write_state_gradient(const Pass<S>& pass, const U& u) const {
  const auto& to = pass.initial_state_gradient;
  if (to.size() > 0 && to[0]) copy_numbers<S>(u.dh, u.B * u.H, to[0]);
  if (to.size() > 1 && to[1]) copy_numbers<S>(u.dc, u.B * u.H, to[1]);
}

/// So many steps that a look at the interrupt is cheap, so few that it is never late.
template <class S, class Cell>
Index Recurrent<S, Cell>::steps_per_check(const U& u) const {
  const Index multiplications = std::max<Index>(1, u.B * u.H * u.H * u.n);
  return std::clamp<Index>(1000000 / multiplications, 1, 256);
}

}  // namespace echocell
