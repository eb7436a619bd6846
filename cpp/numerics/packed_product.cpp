#include "numerics/packed_product.hpp"

#include <array>
#include <utility>

#include "numerics/copy.hpp"

namespace echocell {
namespace {

/// Rows of the result that fit into registers where V registers of each are computed at a time: R V
/// sums, the fewer of R numbers of a and V registers of b, one of the other, and without fused
/// multiply-adds the product. That is 6 rows of 4 with AVX-512, 3 with AVX2, 2 with SSE2.
constexpr Index most_rows(Index V) {
  Index R = 8;
  while (R > 1 && R * V + std::min(R, V) + (kFuses ? 1 : 2) > kRegisters) --R;
  return R;
}

/// The numbers that R rows and V vectors of a product are made of: c[r, v] = base[r, v] + the sum
/// over `blocks` blocks of K numbers of a[r, k] b[k, v].
template <class Scalar>
struct Terms {
  /// a[r, k] of a block is data[r * row + k * step]; the next block lies `block` numbers behind.
  struct {
    const Scalar* data;
    Index row, step, block = 0;
  } a;
  /// The rows b[k] of a block lie `step` numbers apart.
  struct {
    const Scalar* data;
    Index step, block = 0;
  } b;
  Index K, blocks = 1;
  struct {
    Scalar* data;
    Index row;
  } c;
  /// Null: zeros.
  struct {
    const Scalar* data = nullptr;
    Index row = 0;
  } base;
};

/// Computes the terms' sums in registers. Several sums run side by side where R * V alone are too
/// few to hide the latency of a multiply-add.
template <class Scalar, Index R, Index V, bool kBlocks>
void kernel(const Terms<Scalar>& terms) {
  constexpr Index L = kLanes<Scalar>, kSums = R * V >= 8 ? 1 : R * V >= 4 ? 2 : 4;
  using Numbers = Register<Scalar>;
  Numbers sum[kSums][R][V];
#pragma GCC unroll 4
  for (Index j = 0; j < kSums; ++j) {
#pragma GCC unroll 16
    for (Index r = 0; r < R; ++r) {
#pragma GCC unroll 16
      for (Index v = 0; v < V; ++v) sum[j][r][v] = zeros<Scalar>();
    }
  }
  const Index a_row = terms.a.row, a_step = terms.a.step, b_step = terms.b.step, K = terms.K;
  const Scalar *a = terms.a.data, *b = terms.b.data;
  const auto step = [&](Index k, Numbers(&to)[R][V]) {
    // The fewer of rows and vectors are held, the others pass by.
    if constexpr (R < V) {
      Numbers factor[R];
#pragma GCC unroll 16
      for (Index r = 0; r < R; ++r) factor[r] = held(broadcast(a[r * a_row + k * a_step]));
#pragma GCC unroll 16
      for (Index v = 0; v < V; ++v) {
        const Numbers row = held(load(b + k * b_step + v * L));
#pragma GCC unroll 16
        for (Index r = 0; r < R; ++r) to[r][v] = multiply_add(factor[r], row, to[r][v]);
      }
    } else {
      Numbers row[V];
#pragma GCC unroll 16
      for (Index v = 0; v < V; ++v) row[v] = held(load(b + k * b_step + v * L));
#pragma GCC unroll 16
      for (Index r = 0; r < R; ++r) {
        const Numbers factor = held(broadcast(a[r * a_row + k * a_step]));
#pragma GCC unroll 16
        for (Index v = 0; v < V; ++v) to[r][v] = multiply_add(factor, row[v], to[r][v]);
      }
    }
  };
  const Index blocks = kBlocks ? terms.blocks : 1;
  for (Index block = 0; block < blocks; ++block, a += terms.a.block, b += terms.b.block) {
    Index k = 0;
    for (; k + kSums <= K; k += kSums) {
#pragma GCC unroll 4
      for (Index j = 0; j < kSums; ++j) step(k + j, sum[j]);
    }
    for (; k < K; ++k) step(k, sum[0]);
  }
  Scalar* c = terms.c.data;
  const Scalar* base = terms.base.data;
#pragma GCC unroll 16
  for (Index r = 0; r < R; ++r) {
#pragma GCC unroll 16
    for (Index v = 0; v < V; ++v) {
      Numbers total = sum[0][r][v];
      if constexpr (kSums >= 2) total = add(total, sum[1][r][v]);
      if constexpr (kSums == 4) total = add(total, add(sum[2][r][v], sum[3][r][v]));
      if (base) total = add(total, load(base + r * terms.base.row + v * L));
      store(c + r * terms.c.row + v * L, total);
    }
  }
}

template <class Scalar>
using Kernel = void (*)(const Terms<Scalar>&);

template <class Scalar, Index V, bool kBlocks, std::size_t... R>
constexpr auto kernels_of_width(std::index_sequence<R...>) {
  return std::array<Kernel<Scalar>, sizeof...(R)>{&kernel<Scalar, Index(R) + 1, V, kBlocks>...};
}

/// kernels<Scalar, V, kBlocks>[R - 1]
template <class Scalar, Index V, bool kBlocks>
constexpr auto kernels =
    kernels_of_width<Scalar, V, kBlocks>(std::make_index_sequence<std::size_t(most_rows(V))>());

/// Any number of rows, any width of whole vectors up to a tile. Rows are shared out evenly: every
/// kernel reads all of b, which a row or two that were left over would wait for. The terms are
/// moved on from kernel to kernel in place: a copy would wait for the stores that have just made
/// them.
template <bool kBlocks, class Scalar>
void run(Terms<Scalar>& terms, Index rows, Index vectors) {
  const auto all_rows = [&](const auto& table) {
    const Index most = static_cast<Index>(table.size());
    if (rows <= most) return table[std::size_t(rows - 1)](terms);
    const Index passes = (rows + most - 1) / most, fewest = rows / passes;
    Index with_one_more = rows % passes;
    for (Index pass = 0; pass < passes; ++pass, --with_one_more) {
      const Index count = fewest + (with_one_more > 0 ? 1 : 0);
      table[std::size_t(count - 1)](terms);
      terms.a.data += count * terms.a.row;
      terms.c.data += count * terms.c.row;
      if (terms.base.data) terms.base.data += count * terms.base.row;
    }
  };
  if (rows == 0) return;
  switch (vectors) {
    case 1:
      return all_rows(kernels<Scalar, 1, kBlocks>);
    case 2:
      return all_rows(kernels<Scalar, 2, kBlocks>);
    case 3:
      return all_rows(kernels<Scalar, 3, kBlocks>);
    default:
      return all_rows(kernels<Scalar, 4, kBlocks>);
  }
}

/// Offset and number of vectors of a part of a panel of this width.
template <class Scalar>
std::pair<Index, Index> columns(const ColumnRange& part, Index width) {
  if (part.count == part.of) return {0, width / kLanes<Scalar>};
  return {part.first * kLanes<Scalar>, part.count};
}

/// visit(first column, width) for all panels of w.
template <class Scalar, class Visit>
void for_each_panel(const ConstPanels<Scalar>& w, bool last_panel_first, const Visit& visit) {
  const Index last = (w.cols - 1) / w.tile * w.tile;
  for (Index first = 0; first < w.cols; first += w.tile) {
    const Index col = last_panel_first ? last - first : first;
    visit(col, w.width(col));
  }
}

/// out[row + r, c] = a w on top of the base that set_base(col, terms) gives the columns from col
/// on.
template <class Scalar, class SetBase>
void multiply(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& w,
              const Panels<Scalar>& out, Index row, const ColumnRange& part, bool last_panel_first,
              const SetBase& set_base) {
  for_each_panel(w, last_panel_first, [&](Index col, Index width) {
    const auto [offset, vectors] = columns<Scalar>(part, width);
    Scalar* to = out.panel(col) + row * width + offset;
    Terms<Scalar> terms{};
    terms.a = {a.data(), a.outerStride(), 1};
    terms.b = {w.panel(col) + offset, width};
    terms.K = a.cols();
    terms.c = {to, width};
    set_base(col + offset, terms);
    run<false>(terms, a.rows(), vectors);
  });
}

/// Lane j is the sum over c of z[row, c] w[first + j, c], for J rows of w side by side.
template <Index J, class Scalar>
Packet<Scalar> dot_products(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& w,
                            Index first, const ColumnRange& part) {
  constexpr Index L = kLanes<Scalar>;
  Register<Scalar> sum[L];
#pragma GCC unroll 16
  for (Index j = 0; j < L; ++j) sum[j] = zeros<Scalar>();
  for (Index col = 0; col < w.cols; col += w.tile) {
    const Index width = w.width(col);
    const auto [offset, vectors] = columns<Scalar>(part, width);
    const Scalar* zs = z.panel(col) + row * width + offset;
    const Scalar* ws = w.panel(col) + first * width + offset;
    for (Index v = 0; v < vectors; ++v) {
      const Register<Scalar> factor = load(zs + v * L);
#pragma GCC unroll 16
      for (Index j = 0; j < J; ++j) {
        sum[j] = multiply_add(factor, load(ws + j * width + v * L), sum[j]);
      }
    }
  }
  Packet<Scalar> dots = Packet<Scalar>::Zero();
  if constexpr (J == 1) {
    dots[0] = Eigen::internal::predux(sum[0]);
  } else {
    store(dots.data(), lane_sums<Scalar>(sum));
  }
  return dots;
}

/// to[j ...] += the dot products with J rows of w from row j on; gives the row behind. The last
/// ones may begin before j: what was done before is left out.
template <Index J, class Scalar>
Index add_dots(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& w, Index j,
               const ColumnRange& part, Scalar* to) {
  const Index first = std::min(j, w.rows - J);
  Packet<Scalar> dots = dot_products<J>(z, row, w, first, part);
  for (int k = 0; k < int(J); ++k) {
    if (first + k < j) dots[k] = Scalar(0);
  }
  FixedArray<Scalar, int(J)>::Map(to + first) += dots.template head<int(J)>();
  return first + J;
}

/// to += factor * from, `width` whole packets of numbers.
template <class Scalar>
void add_scaled(Scalar factor, const Scalar* from, Index width, Scalar* to) {
  for (Index c = 0; c < width; c += kLanes<Scalar>) {
    Packet<Scalar>::Map(to + c) += factor * Packet<Scalar>::Map(from + c);
  }
}

/// to = values, or 0 where they are null.
template <class Scalar>
void fill_row(const Scalar* values, Index width, Scalar* to) {
  for (Index c = 0; c < width; c += kLanes<Scalar>) {
    if (values) {
      Packet<Scalar>::Map(to + c) = Packet<Scalar>::Map(values + c);
    } else {
      Packet<Scalar>::Map(to + c).setZero();
    }
  }
}

}  // namespace

template <class Scalar>
void add_product(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& w,
                 const Panels<Scalar>& out, Index row, const ColumnRange& part,
                 bool last_panel_first) {
  multiply(a, w, out, row, part, last_panel_first,
           [](Index, Terms<Scalar>& terms) { terms.base = {terms.c.data, terms.c.row}; });
}

template <class Scalar>
void affine(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& w, const Scalar* bias,
            const Panels<Scalar>& out, Index row, const ColumnRange& part) {
  multiply(a, w, out, row, part, false, [bias](Index col, Terms<Scalar>& terms) {
    if (bias) terms.base = {bias + col, 0};
  });
}

template <class Scalar>
void product_tn(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& z, Index row,
                const Panels<Scalar>& w, Write write, const ColumnRange& part) {
  constexpr Index kRows = 128;  // of a and z at a time: a panel's share stays in the first cache
  if (a.rows() == 0 && write == Write::set && part.count == part.of) {
    std::fill_n(w.data, w.size(), Scalar(0));
    return;
  }
  Index first = 0;
  do {
    const Index rows = std::min(kRows, a.rows() - first);
    for (Index col = 0; col < z.cols; col += z.tile) {
      const Index width = z.width(col);
      const auto [offset, vectors] = columns<Scalar>(part, width);
      Terms<Scalar> terms{};
      terms.a = {a.data() + first * a.outerStride(), 1, a.outerStride()};
      terms.b = {z.panel(col) + (row + first) * width + offset, width};
      terms.K = rows;
      terms.c = {w.panel(col) + offset, width};
      if (first > 0 || write == Write::add) terms.base = {terms.c.data, width};
      run<false>(terms, a.cols(), vectors);
    }
    first += rows;
  } while (first < a.rows());
}

template <class Scalar>
void add_product_back(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& wt,
                      RowsView<Scalar> out, const ColumnRange& part) {
  const Index whole = z.cols / z.tile * z.tile;
  // The sums of a tile of out stay in registers until all panels of z have passed by that have one
  // width.
  const auto add = [&](Index j, Index out_width, Index col, Index width, Index panels) {
    const auto [offset, vectors] = columns<Scalar>(part, width);
    Terms<Scalar> terms{};
    terms.a = {z.panel(col) + row * width + offset, width, 1, z.rows * width};
    terms.b = {wt.panel(j) + (col + offset) * out_width, out_width, width * out_width};
    terms.K = vectors * kLanes<Scalar>;
    terms.blocks = panels;
    terms.c = {out.data() + j, out.outerStride()};
    terms.base = {terms.c.data, terms.c.row};
    run<true>(terms, out.rows(), out_width / kLanes<Scalar>);
  };
  for_each_panel(wt, false, [&](Index j, Index out_width) {
    if (whole > 0) add(j, out_width, 0, z.tile, whole / z.tile);
    if (whole < z.cols) add(j, out_width, whole, z.cols - whole, 1);
  });
}

template <class Scalar>
void add_dot_product_back(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& w,
                          RowsView<Scalar> out, const ColumnRange& part) {
  for (Index r = 0; r < out.rows(); ++r) {
    Scalar* to = out.data() + r * out.outerStride();
    for (Index j = 0; j < w.rows;) {
      const Index left = w.rows - j;
      if (left > kLanes<Scalar> * 3 / 4 && w.rows >= kLanes<Scalar>) {
        j = add_dots<kLanes<Scalar>>(z, row + r, w, j, part, to);
      } else if (kLanes<Scalar> > 8 && left >= 8) {
        j = add_dots<std::min<Index>(8, kLanes<Scalar>)>(z, row + r, w, j, part, to);
      } else if (w.rows >= 4) {
        j = add_dots<std::min<Index>(4, kLanes<Scalar>)>(z, row + r, w, j, part, to);
      } else {
        j = add_dots<1>(z, row + r, w, j, part, to);
      }
    }
  }
}

template <class Scalar>
void add_one_hot_product(const Scalar* x, const Index* hot, Index rows,
                         const ConstPanels<Scalar>& w, const Panels<Scalar>& out) {
  for (Index col = 0; col < w.cols; col += w.tile) {
    const Index width = w.width(col);
    for (Index r = 0; r < rows; ++r) {
      if (hot[r] < 0) continue;
      add_scaled(x[r * w.rows + hot[r]], w.panel(col) + hot[r] * width, width,
                 out.panel(col) + r * width);
    }
  }
}

template <class Scalar>
void one_hot_product_tn(const Scalar* x, const Index* hot, Index rows, const ConstPanels<Scalar>& z,
                        const Panels<Scalar>& w, Write write) {
  if (write == Write::set) std::fill_n(w.data, w.size(), Scalar(0));
  for (Index col = 0; col < w.cols; col += w.tile) {
    const Index width = w.width(col);
    for (Index r = 0; r < rows; ++r) {
      if (hot[r] < 0) continue;
      add_scaled(x[r * w.rows + hot[r]], z.panel(col) + r * width, width,
                 w.panel(col) + hot[r] * width);
    }
  }
}

template <class Scalar>
void clear_rows(const Index* rows, Index count, const Panels<Scalar>& w) {
  for (Index col = 0; col < w.cols; col += w.tile) {
    const Index width = w.width(col);
    for (Index r = 0; r < count; ++r) {
      if (rows[r] >= 0) fill_row<Scalar>(nullptr, width, w.panel(col) + rows[r] * width);
    }
  }
}

template <class Scalar>
void fill_rows(const Scalar* values, const Panels<Scalar>& out, Index row, Index rows) {
  for (Index col = 0; col < out.cols; col += out.tile) {
    const Index width = out.width(col);
    Scalar* to = out.panel(col) + row * width;
    for (Index r = 0; r < rows; ++r, to += width) {
      fill_row(values ? values + col : nullptr, width, to);
    }
  }
}

template <class Scalar>
void copy_from_panels(const ConstPanels<Scalar>& from, RowsView<Scalar> to) {
  for (Index col = 0; col < to.cols(); col += from.tile) {
    const Index width = from.width(col), count = std::min(width, to.cols() - col);
    Scalar* rows = to.data() + col;
    for (Index r = 0; r < to.rows(); ++r) {
      copy_numbers(from.panel(col) + r * width, count, rows + r * to.outerStride());
    }
  }
}

template <class Scalar>
void copy_to_panels(const ConstRowsView<Scalar>& from, const Panels<Scalar>& to) {
  for (Index col = 0; col < to.cols; col += to.tile) {
    const Index width = to.width(col), count = std::min(width, from.cols() - col);
    for (Index r = 0; r < from.rows(); ++r) {
      Scalar* row = to.panel(col) + r * width;
      copy_numbers(from.data() + r * from.outerStride() + col, count, row);
      std::fill_n(row + count, width - count, Scalar(0));
    }
  }
}

template <class Scalar>
void column_sums(const ConstPanels<Scalar>& a, Index rows, ArrayView<Scalar> sums, Write write) {
  const Scalar one(1);
  for (Index col = 0; col < a.cols; col += a.tile) {
    const Index width = a.width(col);
    Terms<Scalar> terms{};
    terms.a = {&one, 0, 0};
    terms.b = {a.panel(col), width};
    terms.K = rows;
    terms.c = {sums.data() + col, width};
    if (write == Write::add) terms.base = {terms.c.data, width};
    run<false>(terms, 1, width / kLanes<Scalar>);
  }
}

template <class Scalar>
void transpose(const ConstPanels<Scalar>& w, const Panels<Scalar>& wt) {
  constexpr int L = int(kLanes<Scalar>);
  using Square = Eigen::Array<Scalar, L, L, Eigen::RowMajor>;
  for (Index j = 0; j < w.rows; j += L) {
    const Index tile = j / wt.tile * wt.tile, out_width = wt.width(tile);
    const Index rows = std::min<Index>(L, w.rows - j);
    for (Index c = 0; c < w.cols; c += L) {
      const Index col = c / w.tile * w.tile, width = w.width(col);
      const Scalar* from = w.panel(col) + j * width + (c - col);
      Square square;
      if (rows < L) square.setZero();
      for (Index k = 0; k < rows; ++k)
        Packet<Scalar>::Map(&square(k, 0)) = Packet<Scalar>::Map(from + k * width);
      square.transposeInPlace();
      Scalar* to = wt.panel(tile) + c * out_width + (j - tile);
      for (Index k = 0; k < L; ++k)
        Packet<Scalar>::Map(to + k * out_width) = Packet<Scalar>::Map(&square(k, 0));
    }
  }
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                              \
  template void add_product<Scalar>(const ConstRowsView<Scalar>&, const ConstPanels<Scalar>&,     \
                                    const Panels<Scalar>&, Index, const ColumnRange&, bool);      \
  template void affine<Scalar>(const ConstRowsView<Scalar>&, const ConstPanels<Scalar>&,          \
                               const Scalar*, const Panels<Scalar>&, Index, const ColumnRange&);  \
  template void product_tn<Scalar>(const ConstRowsView<Scalar>&, const ConstPanels<Scalar>&,      \
                                   Index, const Panels<Scalar>&, Write, const ColumnRange&);      \
  template void add_product_back<Scalar>(const ConstPanels<Scalar>&, Index,                       \
                                         const ConstPanels<Scalar>&, RowsView<Scalar>,            \
                                         const ColumnRange&);                                     \
  template void add_dot_product_back<Scalar>(const ConstPanels<Scalar>&, Index,                   \
                                             const ConstPanels<Scalar>&, RowsView<Scalar>,        \
                                             const ColumnRange&);                                 \
  template void add_one_hot_product<Scalar>(const Scalar*, const Index*, Index,                   \
                                            const ConstPanels<Scalar>&, const Panels<Scalar>&);   \
  template void one_hot_product_tn<Scalar>(const Scalar*, const Index*, Index,                    \
                                           const ConstPanels<Scalar>&, const Panels<Scalar>&,     \
                                           Write);                                                \
  template void clear_rows<Scalar>(const Index*, Index, const Panels<Scalar>&);                   \
  template void fill_rows<Scalar>(const Scalar*, const Panels<Scalar>&, Index, Index);            \
  template void column_sums<Scalar>(const ConstPanels<Scalar>&, Index, ArrayView<Scalar>, Write); \
  template void copy_from_panels<Scalar>(const ConstPanels<Scalar>&, RowsView<Scalar>);           \
  template void copy_to_panels<Scalar>(const ConstRowsView<Scalar>&, const Panels<Scalar>&);      \
  template void transpose<Scalar>(const ConstPanels<Scalar>&, const Panels<Scalar>&);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
