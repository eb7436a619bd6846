// The bodies of Recurrent, for the .cpp of each cell to instantiate: the way back, step by step the
// mirror of the way forward.
#pragma once

#include <algorithm>

#include "layers/recurrent/recurrent_forward.hpp"

namespace echocell {

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::backward(const Pass<Scalar>& pass) const {
  U& u = static_cast<U&>(*pass.cache);
  load_gradient(pass, u);
  u.write = Write::set;
  if (u.packed && pass.wants_input_gradient()) {
    std::fill_n(pass.input_gradient().data, pass.input_gradient().size(), Scalar(0));
  }
  for (Index k = u.segments() - 1; k >= 0 && !pass.stopped(); --k) {
    if (k + 1 < u.segments()) forward_segment(pass, u, k, true);
    backward_segment(pass, u);
    u.write = Write::add;
  }
  if (settings().shortcut && pass.wants_input_gradient()) add_shortcut_gradient(pass, u);
  write_state_gradient(pass, u);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::backward_segment(const Pass<Scalar>& pass, U& u) const {
  for (Index t = u.first + u.steps - 1; t >= u.first; --t) {
    if ((t & (u.check - 1)) == 0 && pass.stopped()) return;
    if (settings().return_sequences) add_output_gradient(pass, u, t);
    cell_.backward(u, t);
  }
  cell_.write_weight_gradients(u);
  write_projection_gradients(pass, u);
  if (pass.wants_input_gradient()) write_input_gradient(pass, u);
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::load_gradient(const Pass<Scalar>& pass, U& u) const {
  const auto load = [&](std::size_t k, Index width, Scalar* to) {
    const auto& gradients = pass.final_state_gradient;
    const Scalar* from = k < gradients.size() ? gradients[k].data : nullptr;
    for (Index b = 0; b < u.B; ++b) {
      copy_or_zero(from ? from + u.source(b) * width : nullptr, width, to + b * u.Hp);
    }
  };
  load(0, u.H, u.dh);
  if (u.dc) load(1, u.O, u.dc);
  for (Index k = 0; k < u.B && !settings().return_sequences; ++k) {
    const Index b = u.source(k);
    if (u.length(k) > 0 && !hides_end(pass, b))
      u.add_to_dh(k, pass.output_gradient.row(0, b).data());
  }
  const auto& wanted = pass.initial_state_gradient;
  u.state_gradient_wanted = !wanted.empty() && wanted[0];
  if (!u.truncated) u.recurrent_back.load(u.panels(u.recurrent, u.H));
  if (u.kernel && pass.wants_input_gradient()) u.kernel_back.load(u.panels(u.kernel, u.F));
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::add_output_gradient(const Pass<Scalar>& pass, U& u, Index t) const {
  const Tensor<Scalar>& dy = pass.output_gradient;
  for (Index k = 0; k < u.active(t); ++k) {
    if (!u.packed) {
      u.add_to_dh(k, dy.row(t, k).data());
      continue;
    }
    const auto [from, b] = u.place(t, k);
    // Masked steps in between repeat the output, or hide it.
    const Index end = settings().zero_output_for_mask ? from + 1 : u.place(t + 1, k).t;
    for (Index s = from; s < end; ++s) u.add_to_dh(k, dy.row(s, b).data());
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_projection_gradients(const Pass<Scalar>& pass, U& u) const {
  const Index rows = u.segment_rows(), before = u.start(u.first), blocks = u.n / u.x_groups;
  const Panels<Scalar> d_kernel = u.panels(u.d_kernel, u.F);
  if (u.d_bias) {
    column_sums<Scalar>(u.gates(), rows, {u.d_bias, u.N}, u.write);
    ArrayView<Scalar>(u.d_bias, settings().first_bias).setZero();
  }
  if (!settings().use_kernel) return;
  if (u.one_hot) {
    write_one_hot_gradient(pass, u);
    return;
  }
  u.hot_rows_before = -1;
  for (Index g = 0; g < u.x_groups; ++g) {
    u.write_weight_gradient(rows_view(u.x + (g * u.T * u.B + before) * u.F, rows, u.F), u.gates(),
                            Index(0), d_kernel, {g * blocks, blocks, u.n});
  }
}

/// Of a large kernel only the rows that the last update wrote are set to zero.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_one_hot_gradient(const Pass<Scalar>& pass, U& u) const {
  const Index rows = u.segment_rows(), before = u.start(u.first);
  const Panels<Scalar> d_kernel = u.panels(u.d_kernel, u.F);
  Write write = u.write;
  if (pass.gradients_kept && u.hot_rows_before >= 0 && write == Write::set) {
    clear_rows(u.hot_before, u.hot_rows_before, d_kernel);
    write = Write::add;
  }
  one_hot_product_tn<Scalar>(u.x + before * u.F, u.hot + before, rows, u.gates(), d_kernel, write);
  u.hot_rows_before = -1;
  if (u.segments() > 1) return;
  std::swap(u.hot, u.hot_before);
  u.hot_rows_before = rows;
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_input_gradient(const Pass<Scalar>& pass, U& u) const {
  if (!settings().use_kernel) return write_units_gradient_as_input_gradient(pass, u);
  const Index blocks = u.n / u.x_groups;
  const bool drop = u.x_drop && pass.training;
  for (Index g = 0; g < u.x_groups; ++g) {
    const Vectors part{g * blocks, blocks, u.n};
    const Index rows = u.segment_rows();
    u.kernel_back.for_each_row(
        u.gates(), rows, part, u.interrupt, [&](Index row, const Scalar* from) {
          const auto [t, b] = u.place_in_segment(row);
          if (t == u.T) return;
          const Scalar* mask = drop ? u.x_drop + (g * u.B + b) * u.F : nullptr;
          Scalar* to =
              pass.input_gradient().row(settings().go_backwards ? u.T - 1 - t : t, b).data();
          for (Index k = 0; k < u.F; ++k) {
            const Scalar d = mask ? from[k] * mask[k] : from[k];
            to[k] = g == 0 ? d : to[k] + d;
          }
        });
  }
}

/// dx = dz, under the mask of the inputs' dropout.
template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_units_gradient_as_input_gradient(const Pass<Scalar>& pass,
                                                                     const U& u) const {
  const bool drop = u.x_drop && pass.training;
  for (Index s = u.first; s < u.first + u.steps; ++s) {
    u.for_each_vector(s, [&](Index k, Index unit, const auto& z) {
      const auto [t, b] = u.place(s, k);
      using V = typename std::decay_t<decltype(z)>::Array;
      const Index count = std::min<Index>(V::SizeAtCompileTime, u.H - unit);
      V d = z[0];
      if (drop) d *= load_some<V>(u.x_drop + b * u.F + unit, count);
      Scalar* to = pass.input_gradient().row(settings().go_backwards ? u.T - 1 - t : t, b).data();
      store_some(to + unit, d, count);
    });
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::add_shortcut_gradient(const Pass<Scalar>& pass, const U& u) const {
  for (Index r = 0; r < u.T * u.B; ++r) {
    const Index t = r / u.B, b = r % u.B, step = settings().go_backwards ? u.T - 1 - t : t;
    if (hides_step(pass, step, b)) continue;
    const Scalar* from = pass.output_gradient.row(t, b).data() + u.O;
    Scalar* to = pass.input_gradient().row(step, b).data();
    ArrayView<Scalar>(to, u.F) += ConstArrayView<Scalar>(from, u.F);
  }
}

template <class Scalar, class Cell>
void Recurrent<Scalar, Cell>::write_state_gradient(const Pass<Scalar>& pass, const U& u) const {
  const auto write = [&](std::size_t k, Index width, const Scalar* from) {
    const auto& gradients = pass.initial_state_gradient;
    Scalar* to = k < gradients.size() ? gradients[k].data : nullptr;
    for (Index b = 0; to && b < u.B; ++b) {
      copy_numbers<Scalar>(from + b * u.Hp, width, to + u.source(b) * width);
    }
  };
  write(0, u.H, u.dh);
  write(1, u.O, u.dc);
}

}  // namespace echocell
