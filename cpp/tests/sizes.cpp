// The kernels at odd sizes, on both sides of every vector's width, and at addresses that are
// aligned to nothing but their numbers: answers against naive loops, and no number touched before
// or behind an array. Also that denormal numbers are flushed, and the caller's mode comes back.
//
//   sizes_<instruction set> [largest size]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "numerics/activations.hpp"
#include "numerics/denormals.hpp"
#include "numerics/packed_product.hpp"
#include "tests/numbers.hpp"

namespace echocell::tests {
namespace {

int g_checked = 0, g_wrong = 0;

void check(bool good, const std::string& what) {
  ++g_checked;
  if (good) return;
  ++g_wrong;
  std::printf("WRONG: %s\n", what.c_str());
}

/// Numbers at an odd multiple of their own size, between guards.
template <class Scalar>
class Buffer {
 public:
  explicit Buffer(Index count) : Buffer(std::vector<Scalar>(std::size_t(count))) {}
  explicit Buffer(const std::vector<Scalar>& values)
      : count_(Index(values.size())), all_(kGuards, kGuard) {
    all_.insert(all_.end(), values.begin(), values.end());
    all_.insert(all_.end(), kGuards, kGuard);
  }
  Scalar* data() { return all_.data() + kGuards; }
  std::vector<Scalar> values() { return {data(), data() + count_}; }
  bool guards_stand() {
    const auto is_guard = [](Scalar value) { return value == kGuard; };
    return std::all_of(all_.data(), data(), is_guard) &&
           std::all_of(data() + count_, all_.data() + all_.size(), is_guard);
  }

 private:
  static constexpr std::size_t kGuards = 65;
  static constexpr Scalar kGuard = Scalar(12345);
  Index count_;
  std::vector<Scalar> all_;
};

/// A matrix as plain rows, and packed in panels.
template <class Scalar>
class Packed {
 public:
  Packed(Index rows, Index cols, std::uint64_t seed)
      : rows_(rows),
        cols_(cols),
        plain_(numbers<Scalar>(rows * cols, seed)),
        buffer_(rows * padded()) {
    Buffer<Scalar> from(plain_);
    copy_to_panels<Scalar>(rows_view<const Scalar>(from.data(), rows, cols), panels());
  }
  Panels<Scalar> panels() { return {buffer_.data(), rows_, padded(), 2 * kLanes<Scalar>}; }
  Scalar operator()(Index r, Index c) const { return plain_[std::size_t(r * cols_ + c)]; }
  const std::vector<Scalar>& plain() const { return plain_; }
  /// The numbers in the panels, row-major.
  std::vector<Scalar> unpacked() {
    Buffer<Scalar> to(rows_ * cols_);
    copy_from_panels<Scalar>(panels(), rows_view(to.data(), rows_, cols_));
    check(buffer_.guards_stand() && to.guards_stand(), "numbers beside a packed matrix");
    return to.values();
  }

 private:
  Index padded() const { return echocell::padded<Scalar>(cols_); }
  Index rows_, cols_;
  std::vector<Scalar> plain_;  // [rows, cols]
  Buffer<Scalar> buffer_;
};

/// start[r, c] + the sum over k of term(r, k, c)
template <class Scalar, class Term>
std::vector<double> summed(const std::vector<Scalar>& start, Index rows, Index cols, Index count,
                           const Term& term) {
  std::vector<double> sums(start.begin(), start.end());
  for (Index r = 0; r < rows; ++r) {
    for (Index k = 0; k < count; ++k) {
      for (Index c = 0; c < cols; ++c) sums[std::size_t(r * cols + c)] += term(r, k, c);
    }
  }
  return sums;
}

/// a [m, k], w [k, n], z [m, n]: z += a w, z = b + a w, w += a^T z, a += z w^T by two ways.
template <class Scalar>
void check_products(Index m, Index k, Index n) {
  const std::string shape =
      " " + std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n);
  const auto right = [&](const auto& got, const auto& expected, const char* name) {
    check(difference(got, expected) <= kTolerance<Scalar>, name + shape);
  };
  const auto plain_a = numbers<Scalar>(m * k, 1);
  const auto a_at = [&](Index r, Index c) { return double(plain_a[std::size_t(r * k + c)]); };
  Buffer<Scalar> a(plain_a);
  const ConstRowsView<Scalar> a_view = rows_view<const Scalar>(a.data(), m, k);
  Packed<Scalar> w(k, n, 2), z(m, n, 3), z_out(m, n, 4), w_out(k, n, 5);

  add_product<Scalar>(a_view, w.panels(), z_out.panels(), 0);
  const auto product = [&](Index r, Index j, Index c) { return a_at(r, j) * double(w(j, c)); };
  right(z_out.unpacked(), summed(z_out.plain(), m, n, k, product), "add_product");
  const auto bias = numbers<Scalar>(padded<Scalar>(n), 7);
  std::vector<Scalar> biases;
  for (Index r = 0; r < m; ++r) biases.insert(biases.end(), bias.begin(), bias.begin() + n);
  affine<Scalar>(a_view, w.panels(), bias.data(), z_out.panels(), 0);
  right(z_out.unpacked(), summed(biases, m, n, k, product), "affine");
  affine<Scalar>(a_view, w.panels(), nullptr, z_out.panels(), 0);
  right(z_out.unpacked(), summed(std::vector<Scalar>(std::size_t(m * n)), m, n, k, product),
        "affine without bias");

  const auto tn_term = [&](Index r, Index j, Index c) { return a_at(j, r) * double(z(j, c)); };
  product_tn<Scalar>(a_view, z.panels(), 0, w_out.panels(), Write::add);
  right(w_out.unpacked(), summed(w_out.plain(), k, n, m, tn_term), "product_tn");
  product_tn<Scalar>(a_view, z.panels(), 0, w_out.panels(), Write::set);
  const std::vector<Scalar> zeros(std::size_t(k * n));
  right(w_out.unpacked(), summed(zeros, k, n, m, tn_term), "product_tn instead");

  const auto back = summed(plain_a, m, k, n, [&](Index r, Index j, Index c) {
    return double(z(r, j)) * double(w(c, j));
  });
  Buffer<Scalar> by_dots(plain_a);
  add_dot_product_back<Scalar>(z.panels(), 0, w.panels(), rows_view(by_dots.data(), m, k));
  right(by_dots.values(), back, "add_dot_product_back");

  const Index stride = padded<Scalar>(k);
  Buffer<Scalar> wt(padded<Scalar>(n) * stride), padded_a(m * stride), by_panels(plain_a);
  transpose<Scalar>(w.panels(), transposed_view(wt.data(), k, padded<Scalar>(n)));
  for (Index r = 0; r < m; ++r) std::copy_n(a.data() + r * k, k, padded_a.data() + r * stride);
  add_product_back<Scalar>(z.panels(), 0, transposed_view(wt.data(), k, padded<Scalar>(n)),
                           rows_view(padded_a.data(), m, k, stride));
  for (Index r = 0; r < m; ++r)
    std::copy_n(padded_a.data() + r * stride, k, by_panels.data() + r * k);
  right(by_panels.values(), back, "add_product_back");
  check(a.guards_stand() && by_dots.guards_stand() && wt.guards_stand() && padded_a.guards_stand(),
        "numbers beside" + shape);
}

/// Every number gets the same bits, wherever it stands, and alone in a vector of padding.
template <class Scalar>
void check_activations(Index n) {
  const auto z = numbers<Scalar>(n, 6, 9.0);
  for (const auto f :
       {Activation::tanh, Activation::sigmoid, Activation::hard_sigmoid, Activation::relu,
        Activation::softsign, Activation::elu, Activation::softplus, Activation::bipolar_sigmoid,
        Activation::bipolar_sigmoid_2}) {
    const std::string what =
        "activation " + std::to_string(int(f)) + " of " + std::to_string(n) + " numbers";
    Buffer<Scalar> y(z), dy(std::vector<Scalar>(z.size(), Scalar(1)));
    activate<Scalar>(f, rows_view(y.data(), 1, n));
    multiply_by_derivative<Scalar>(f, rows_view<const Scalar>(y.data(), 1, n),
                                   rows_view(dy.data(), 1, n));
    bool same = true;
    for (std::size_t k = 0; k < z.size(); ++k) {
      Scalar one = z[k], derivative = 1;
      activate<Scalar>(f, rows_view(&one, 1, 1));
      multiply_by_derivative<Scalar>(f, rows_view<const Scalar>(&one, 1, 1),
                                     rows_view(&derivative, 1, 1));
      same = same && one == y.values()[k] && derivative == dy.values()[k];
    }
    check(same, what);
    check(y.guards_stand() && dy.guards_stand(), "numbers beside " + what);
  }
  std::vector<double> expected;
  double sum = 0;
  for (const Scalar value : z) sum += std::exp(double(value));
  for (const Scalar value : z) expected.push_back(std::exp(double(value)) / sum);
  Buffer<Scalar> y(z);
  activate<Scalar>(Activation::softmax, rows_view(y.data(), 1, n));
  check(difference(y.values(), expected) <= kTolerance<Scalar>, "softmax of " + std::to_string(n));
  check(y.guards_stand(), "numbers beside softmax of " + std::to_string(n));
}

/// Half of the smallest normal number.
template <class Scalar>
bool halving_keeps_a_denormal() {
  volatile Scalar smallest = std::numeric_limits<Scalar>::min(), half = smallest / 2;
  return half != 0;
}

template <class Scalar>
void check_denormals() {
  check(halving_keeps_a_denormal<Scalar>(), "denormal numbers before the guard");
  {
    const DenormalGuard guard;
    check(!halving_keeps_a_denormal<Scalar>(), "denormal results are zero under the guard");
  }
  check(halving_keeps_a_denormal<Scalar>(), "denormal numbers after the guard");
}

template <class Scalar>
void check_sizes(Index largest) {
  std::vector<Index> sizes = {1, 3, 15, 17, 31, 33, 63, 65, 127};
  sizes.erase(std::upper_bound(sizes.begin(), sizes.end(), largest), sizes.end());
  for (const Index m : sizes) {
    for (const Index k : sizes) {
      for (const Index n : sizes) check_products<Scalar>(m, k, n);
    }
    check_activations<Scalar>(m);
  }
  check_denormals<Scalar>();
}

}  // namespace
}  // namespace echocell::tests

int main(int argc, char** argv) {
  using namespace echocell::tests;
  const long largest = argc > 1 ? std::atol(argv[1]) : 127;
  check_sizes<float>(largest);
  check_sizes<double>(largest);
  std::printf("%d of %d answers are right\n", g_checked - g_wrong, g_checked);
  return g_wrong == 0 && g_checked > 0 ? 0 : 1;
}
