// Micro-benchmarks of numerics/: matrix products and activations, on one thread. Each checks its
// answer against a naive loop, then states its rate. "peak" is the yardstick of the same build:
// independent multiplications and additions in registers.
//
// Legend: m, k, n: c [m, n] = a [m, k] b [k, n].
#include <string>

#include "check.hpp"
#include "layers/parameter.hpp"
#include "numerics/activations.hpp"
#include "numerics/packed_product.hpp"
#include "peak.hpp"

namespace echocell::bench {
namespace {

// ---- the yardstick

template <class Scalar>
void peak(benchmark::State& state) {
  Peak<Scalar> peak;
  for (auto _ : state) {
    peak.run(static_cast<Scalar>(state.range(0)));
    benchmark::DoNotOptimize(peak.sums().data());
    benchmark::ClobberMemory();
  }
  const std::vector<Scalar> expected(peak.sums().size(), Scalar(2));
  right(state, difference(peak.sums(), expected), kTolerance<Scalar>);
  set_rate(state, "FLOP/s", Peak<Scalar>::kOperations);
}

// ---- products of packed matrices: a [m, k], w [k, n] in panels, z [m, n] in panels

struct Extents {
  Index m, k, n;
};

/// The operands of one shape, and what the naive loops make of them.
template <class Scalar>
struct Operands {
  Extents e;
  std::vector<Scalar> a, w, wt, z, out;

  explicit Operands(Extents extents)
      : e(extents),
        a(numbers<Scalar>(e.m * e.k, 1)),
        w(numbers<Scalar>(e.k * e.n, 2)),
        wt(static_cast<std::size_t>(e.n * padded<Scalar>(e.k))),
        z(numbers<Scalar>(e.m * e.n, 3)) {}

  ConstRowsView<Scalar> a_view() const { return rows_view(a.data(), e.m, e.k); }
  Panels<Scalar> panels(Scalar* data, Index rows) const {
    return {data, rows, e.n, tile_for<Scalar>(1)};
  }
  /// Element (row, col) of a matrix in panels.
  static double at(const Panels<Scalar>& p, Index row, Index col) {
    const Index first = col / p.tile * p.tile;
    return static_cast<double>(p.panel(first)[row * p.width(first) + (col - first)]);
  }
  double a_at(Index i, Index p) const {
    return static_cast<double>(a[static_cast<std::size_t>(i * e.k + p)]);
  }
};

/// A product: zeroes and fills `out`, and the naive value of one element of it.
template <class Scalar>
struct Product {
  const char* name;
  Index (*size)(const Operands<Scalar>& o);
  void (*run)(Operands<Scalar>& o);
  double (*value)(Operands<Scalar>& o, std::size_t k, double& expected);
};

template <class Scalar>
std::vector<Product<Scalar>> products() {
  using O = Operands<Scalar>;
  return {
      {"add_product", [](const O& o) { return o.e.m * o.e.n; },
       [](O& o) {
         add_product<Scalar>(o.a_view(), o.panels(o.w.data(), o.e.k), o.panels(o.out.data(), o.e.m),
                             0);
       },
       [](O& o, std::size_t at, double& expected) {
         const Index i = static_cast<Index>(at) / o.e.n, j = static_cast<Index>(at) % o.e.n;
         for (Index p = 0; p < o.e.k; ++p) {
           expected += o.a_at(i, p) * O::at(o.panels(o.w.data(), o.e.k), p, j);
         }
         return O::at(o.panels(o.out.data(), o.e.m), i, j);
       }},
      {"product_tn", [](const O& o) { return o.e.k * o.e.n; },
       [](O& o) {
         product_tn<Scalar>(o.a_view(), o.panels(o.z.data(), o.e.m), 0,
                            o.panels(o.out.data(), o.e.k), Write::set);
       },
       [](O& o, std::size_t at, double& expected) {
         const Index p = static_cast<Index>(at) / o.e.n, j = static_cast<Index>(at) % o.e.n;
         for (Index i = 0; i < o.e.m; ++i) {
           expected += o.a_at(i, p) * O::at(o.panels(o.z.data(), o.e.m), i, j);
         }
         return O::at(o.panels(o.out.data(), o.e.k), p, j);
       }},
      {"add_product_back", [](const O& o) { return o.e.m * padded<Scalar>(o.e.k); },
       [](O& o) {
         const Index stride = padded<Scalar>(o.e.k);
         transpose<Scalar>(o.panels(o.w.data(), o.e.k), transposed_view(o.wt.data(), o.e.k, o.e.n));
         add_product_back<Scalar>(o.panels(o.z.data(), o.e.m), 0,
                                  transposed_view(o.wt.data(), o.e.k, o.e.n),
                                  rows_view(o.out.data(), o.e.m, o.e.k, stride));
       },
       [](O& o, std::size_t at, double& expected) {
         const Index stride = padded<Scalar>(o.e.k);
         const Index i = static_cast<Index>(at) / stride, p = static_cast<Index>(at) % stride;
         for (Index j = 0; p < o.e.k && j < o.e.n; ++j) {
           expected +=
               O::at(o.panels(o.z.data(), o.e.m), i, j) * O::at(o.panels(o.w.data(), o.e.k), p, j);
         }
         return static_cast<double>(o.out[at]);
       }},
  };
}

template <class Scalar>
void time_product(benchmark::State& state, const Product<Scalar>& product) {
  Operands<Scalar> o({state.range(0), state.range(1), state.range(2)});
  o.out.assign(static_cast<std::size_t>(product.size(o)), Scalar(0));
  product.run(o);
  std::vector<double> got, expected(o.out.size(), 0.0);
  for (std::size_t k = 0; k < o.out.size(); ++k) got.push_back(product.value(o, k, expected[k]));
  if (!right(state, difference(got, expected), kTolerance<Scalar>)) return;
  for (auto _ : state) {
    product.run(o);
    benchmark::DoNotOptimize(o.out.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "FLOP/s", 2.0 * static_cast<double>(o.e.m * o.e.k * o.e.n));
}

template <class Scalar>
void register_products(const std::string& type) {
  // The recurrent product of one step [B, H] [H, 4H] at growing sizes, then the input projection
  // of a whole sequence [T B, F] [F, 4H].
  const std::vector<std::vector<std::int64_t>> shapes = {
      {1, 20, 128},   {1, 50, 256},    {6, 50, 256}, {32, 64, 256},
      {32, 128, 512}, {64, 256, 1024}, {5, 10, 128}, {480, 32, 512},
  };
  for (const Product<Scalar>& product : products<Scalar>()) {
    auto* bench = benchmark::RegisterBenchmark(
        (std::string(product.name) + "/" + type).c_str(),
        [product](benchmark::State& state) { time_product<Scalar>(state, product); });
    bench->ArgNames({"m", "k", "n"});
    for (const auto& shape : shapes) bench->Args(shape);
  }
}

// ---- activations

struct Function {
  const char* name;
  Activation activation;
  double (*f)(double z);
  double (*derivative)(double z);
};

double sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }

const std::vector<Function>& functions() {
  static const std::vector<Function> all = {
      {"tanh", Activation::tanh, [](double z) { return std::tanh(z); },
       [](double z) { return 1.0 - std::tanh(z) * std::tanh(z); }},
      {"sigmoid", Activation::sigmoid, sigmoid, [](double z) { return sigmoid(z) * sigmoid(-z); }},
      {"hard_sigmoid", Activation::hard_sigmoid,
       [](double z) { return std::clamp(z / 6.0 + 0.5, 0.0, 1.0); },
       [](double z) { return std::abs(z) < 3.0 ? 1.0 / 6.0 : 0.0; }},
      {"relu", Activation::relu, [](double z) { return std::max(z, 0.0); },
       [](double z) { return z > 0.0 ? 1.0 : 0.0; }},
      {"softsign", Activation::softsign, [](double z) { return z / (1.0 + std::abs(z)); },
       [](double z) { return 1.0 / ((1.0 + std::abs(z)) * (1.0 + std::abs(z))); }},
      {"elu", Activation::elu, [](double z) { return z > 0.0 ? z : std::expm1(z); },
       [](double z) { return z > 0.0 ? 1.0 : std::exp(z); }},
      {"softplus", Activation::softplus, [](double z) { return std::log1p(std::exp(z)); }, sigmoid},
  };
  return all;
}

// Arguments of gates: most of them within a few units of 0.
constexpr double kLargestArgument = 4.0;

/// Times f, and what else is needed so that every round sees fresh arguments: a copy of them.
template <class Scalar>
void time_forward(benchmark::State& state, const Function& function) {
  const Index count = state.range(0);
  const auto z = numbers<Scalar>(count, 4, kLargestArgument);
  std::vector<double> expected;
  for (const Scalar value : z) expected.push_back(function.f(static_cast<double>(value)));
  auto y = z;
  activate<Scalar>(function.activation, rows_view(y.data(), 1, count));
  if (!right(state, difference(y, expected), kTolerance<Scalar>)) return;
  for (auto _ : state) {
    std::copy(z.begin(), z.end(), y.begin());
    activate<Scalar>(function.activation, rows_view(y.data(), 1, count));
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "numbers/s", static_cast<double>(count));
}

template <class Scalar>
void time_derivative(benchmark::State& state, const Function& function) {
  const Index count = state.range(0);
  auto y = numbers<Scalar>(count, 4, kLargestArgument);
  std::vector<double> expected;
  for (const Scalar value : y) expected.push_back(function.derivative(static_cast<double>(value)));
  activate<Scalar>(function.activation, rows_view(y.data(), 1, count));
  const std::vector<Scalar> ones(y.size(), Scalar(1));
  auto dy = ones;
  multiply_by_derivative<Scalar>(function.activation, rows_view<const Scalar>(y.data(), 1, count),
                                 rows_view(dy.data(), 1, count));
  if (!right(state, difference(dy, expected), kTolerance<Scalar>)) return;
  for (auto _ : state) {
    std::copy(ones.begin(), ones.end(), dy.begin());
    multiply_by_derivative<Scalar>(function.activation, rows_view<const Scalar>(y.data(), 1, count),
                                   rows_view(dy.data(), 1, count));
    benchmark::DoNotOptimize(dy.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "numbers/s", static_cast<double>(count));
}

template <class Scalar>
void time_softmax(benchmark::State& state) {
  const Index rows = state.range(0), columns = state.range(1);
  const auto z = numbers<Scalar>(rows * columns, 5, kLargestArgument);
  std::vector<double> expected;
  for (std::size_t r = 0; r < z.size(); r += static_cast<std::size_t>(columns)) {
    double sum = 0;
    for (Index k = 0; k < columns; ++k) {
      sum += std::exp(static_cast<double>(z[r + static_cast<std::size_t>(k)]));
    }
    for (Index k = 0; k < columns; ++k) {
      expected.push_back(std::exp(static_cast<double>(z[r + static_cast<std::size_t>(k)])) / sum);
    }
  }
  auto y = z;
  activate<Scalar>(Activation::softmax, rows_view(y.data(), rows, columns));
  if (!right(state, difference(y, expected), kTolerance<Scalar>)) return;
  for (auto _ : state) {
    std::copy(z.begin(), z.end(), y.begin());
    activate<Scalar>(Activation::softmax, rows_view(y.data(), rows, columns));
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "numbers/s", static_cast<double>(rows * columns));
}

template <class Scalar>
void register_activations(const std::string& type) {
  for (const Function& function : functions()) {
    const std::string name = std::string(function.name) + "/" + type;
    benchmark::RegisterBenchmark(
        name.c_str(),
        [&function](benchmark::State& state) { time_forward<Scalar>(state, function); })
        ->Arg(100)
        ->Arg(4096);
    benchmark::RegisterBenchmark(
        (name + "/backward").c_str(),
        [&function](benchmark::State& state) { time_derivative<Scalar>(state, function); })
        ->Arg(100)
        ->Arg(4096);
  }
  benchmark::RegisterBenchmark(("softmax/" + type).c_str(), time_softmax<Scalar>)
      ->Args({1, 10})
      ->Args({6, 100})
      ->Args({64, 1000});
}

template <class Scalar>
void register_all(const std::string& type) {
  benchmark::RegisterBenchmark(("peak/" + type).c_str(), peak<Scalar>)->Arg(1);
  register_products<Scalar>(type);
  register_activations<Scalar>(type);
}

}  // namespace
}  // namespace echocell::bench

int main(int argc, char** argv) {
  echocell::bench::register_all<float>("float");
  echocell::bench::register_all<double>("double");
  return echocell::bench::run_registered(argc, argv);
}
