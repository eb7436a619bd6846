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

/// Rows that sums come on top of: at data + r * stride, or none, where data is null.
template <class Scalar>
struct Base {
  const Scalar* data = nullptr;
  Index stride = 0;
};

/// c[r, v] = base[r, v] + sum over k of a[r, k] b[k, v] for R rows and V vectors, all in registers.
/// a[r, k] is a[r * a_row + k * a_step]. Several sums run side by side where R * V alone are too
/// few to hide the latency of a multiply-add.
template <class Scalar, Index R, Index V>
void kernel(const Scalar* a, Index a_row, Index a_step, const Scalar* b, Index b_step, Index K,
            Scalar* c, Index c_row, Base<Scalar> base) {
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
  const auto step = [&](Index k, Numbers(&to)[R][V]) {
    // The fewer of rows and vectors are held, the others pass by.
    if constexpr (R < V) {
      Numbers factor[R];
#pragma GCC unroll 16
      for (Index r = 0; r < R; ++r) factor[r] = broadcast(a[r * a_row + k * a_step]);
#pragma GCC unroll 16
      for (Index v = 0; v < V; ++v) {
        const Numbers row = load(b + k * b_step + v * L);
#pragma GCC unroll 16
        for (Index r = 0; r < R; ++r) to[r][v] = multiply_add(factor[r], row, to[r][v]);
      }
    } else {
      Numbers row[V];
#pragma GCC unroll 16
      for (Index v = 0; v < V; ++v) row[v] = load(b + k * b_step + v * L);
#pragma GCC unroll 16
      for (Index r = 0; r < R; ++r) {
        const Numbers factor = broadcast(a[r * a_row + k * a_step]);
#pragma GCC unroll 16
        for (Index v = 0; v < V; ++v) to[r][v] = multiply_add(factor, row[v], to[r][v]);
      }
    }
  };
  Index k = 0;
  for (; k + kSums <= K; k += kSums) {
#pragma GCC unroll 4
    for (Index j = 0; j < kSums; ++j) step(k + j, sum[j]);
  }
  for (; k < K; ++k) step(k, sum[0]);
#pragma GCC unroll 16
  for (Index r = 0; r < R; ++r) {
#pragma GCC unroll 16
    for (Index v = 0; v < V; ++v) {
      Numbers total = sum[0][r][v];
      if constexpr (kSums >= 2) total = add(total, sum[1][r][v]);
      if constexpr (kSums == 4) total = add(total, add(sum[2][r][v], sum[3][r][v]));
      if (base.data) total = add(total, load(base.data + r * base.stride + v * L));
      store(c + r * c_row + v * L, total);
    }
  }
}

template <class Scalar>
using Kernel = void (*)(const Scalar*, Index, Index, const Scalar*, Index, Index, Scalar*, Index,
                        Base<Scalar>);

template <class Scalar, Index V, std::size_t... R>
constexpr auto kernels_of_width(std::index_sequence<R...>) {
  return std::array<Kernel<Scalar>, sizeof...(R)>{&kernel<Scalar, Index(R) + 1, V>...};
}

/// kernels<Scalar, V>[R - 1]
template <class Scalar, Index V>
constexpr auto kernels =
    kernels_of_width<Scalar, V>(std::make_index_sequence<std::size_t(most_rows(V))>());

/// Any number of rows, any width of whole vectors up to a tile.
template <class Scalar>
void run(const Scalar* a, Index a_row, Index a_step, Index rows, const Scalar* b, Index b_step,
         Index K, Scalar* c, Index c_row, Index vectors, Base<Scalar> base) {
  const auto all_rows = [&](const auto& table) {
    const Index most = static_cast<Index>(table.size());
    for (Index r = 0; r < rows;) {
      const Index count = std::min(most, rows - r);
      table[std::size_t(count - 1)](a + r * a_row, a_row, a_step, b, b_step, K, c + r * c_row,
                                    c_row, base);
      if (base.data) base.data += count * base.stride;
      r += count;
    }
  };
  switch (vectors) {
    case 1:
      all_rows(kernels<Scalar, 1>);
      break;
    case 2:
      all_rows(kernels<Scalar, 2>);
      break;
    case 3:
      all_rows(kernels<Scalar, 3>);
      break;
    default:
      all_rows(kernels<Scalar, 4>);
      break;
  }
}

/// Offset and number of vectors of a part of a panel of this width.
template <class Scalar>
std::pair<Index, Index> columns(const Vectors& part, Index width) {
  if (part.count == part.of) return {0, width / kLanes<Scalar>};
  return {part.first * kLanes<Scalar>, part.count};
}

/// out[row + r, c] = a w on top of base(col, to, width), which is for the columns from col on, at
/// `to` in a panel of that width.
template <class Scalar, class BaseAt>
void multiply(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& w,
              const Panels<Scalar>& out, Index row, const Vectors& part, bool from_the_end,
              const BaseAt& base) {
  const Index last = from_the_end ? (w.cols - 1) / w.tile * w.tile : 0;
  for (Index first = 0; first < w.cols; first += w.tile) {
    const Index col = from_the_end ? last - first : first;
    const Index width = w.width(col);
    const auto [offset, vectors] = columns<Scalar>(part, width);
    Scalar* to = out.panel(col) + row * width + offset;
    run(a.data(), a.outerStride(), Index(1), a.rows(), w.panel(col) + offset, width, a.cols(), to,
        width, vectors, base(col + offset, to, width));
  }
}

/// Lane j is the sum over c of z[row, c] w[first + j, c], for J rows of w side by side.
template <Index J, class Scalar>
Packet<Scalar> dot_products(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& w,
                            Index first, const Vectors& part) {
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
               const Vectors& part, Scalar* to) {
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
                 const Panels<Scalar>& out, Index row, const Vectors& part, bool from_the_end) {
  multiply(a, w, out, row, part, from_the_end,
           [](Index, Scalar* to, Index width) { return Base<Scalar>{to, width}; });
}

template <class Scalar>
void affine(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& w, const Scalar* bias,
            const Panels<Scalar>& out, Index row, const Vectors& part) {
  multiply(a, w, out, row, part, false, [bias](Index col, Scalar*, Index) {
    return bias ? Base<Scalar>{bias + col, 0} : Base<Scalar>{};
  });
}

template <class Scalar>
void product_tn(const ConstRowsView<Scalar>& a, const ConstPanels<Scalar>& z, Index row,
                const Panels<Scalar>& w, Write write, const Vectors& part) {
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
      Scalar* to = w.panel(col) + offset;
      run(a.data() + first * a.outerStride(), Index(1), a.outerStride(), a.cols(),
          z.panel(col) + (row + first) * width + offset, width, rows, to, width, vectors,
          first == 0 && write == Write::set ? Base<Scalar>{} : Base<Scalar>{to, width});
    }
    first += rows;
  } while (first < a.rows());
}

template <class Scalar>
void add_product_back(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& wt,
                      RowsView<Scalar> out, const Vectors& part) {
  Scalar* to = out.data();
  for (Index j = 0; j < wt.cols; j += wt.tile) {
    const Index out_width = wt.width(j);
    for (Index col = 0; col < z.cols; col += z.tile) {
      const Index width = z.width(col);
      const auto [offset, vectors] = columns<Scalar>(part, width);
      run(z.panel(col) + row * width + offset, width, Index(1), out.rows(),
          wt.panel(j) + (col + offset) * out_width, out_width, vectors * kLanes<Scalar>, to + j,
          out.outerStride(), out_width / kLanes<Scalar>, Base<Scalar>{to + j, out.outerStride()});
    }
  }
}

template <class Scalar>
void add_dot_product_back(const ConstPanels<Scalar>& z, Index row, const ConstPanels<Scalar>& w,
                          RowsView<Scalar> out, const Vectors& part) {
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
  constexpr Index L = kLanes<Scalar>;
  for (Index col = 0; col < a.cols; col += a.tile) {
    const Index width = a.width(col);
    for (Index c = 0; c < width; c += L) {
      const Scalar* from = a.panel(col) + c;
      auto total = Packet<Scalar>::Map(sums.data() + col + c);
      Packet<Scalar> sum =
          write == Write::add ? Packet<Scalar>(total) : Packet<Scalar>(Packet<Scalar>::Zero());
      for (Index r = 0; r < rows; ++r) sum += Packet<Scalar>::Map(from + r * width);
      total = sum;
    }
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
                                    const Panels<Scalar>&, Index, const Vectors&, bool);          \
  template void affine<Scalar>(const ConstRowsView<Scalar>&, const ConstPanels<Scalar>&,          \
                               const Scalar*, const Panels<Scalar>&, Index, const Vectors&);      \
  template void product_tn<Scalar>(const ConstRowsView<Scalar>&, const ConstPanels<Scalar>&,      \
                                   Index, const Panels<Scalar>&, Write, const Vectors&);          \
  template void add_product_back<Scalar>(const ConstPanels<Scalar>&, Index,                       \
                                         const ConstPanels<Scalar>&, RowsView<Scalar>,            \
                                         const Vectors&);                                         \
  template void add_dot_product_back<Scalar>(const ConstPanels<Scalar>&, Index,                   \
                                             const ConstPanels<Scalar>&, RowsView<Scalar>,        \
                                             const Vectors&);                                     \
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
