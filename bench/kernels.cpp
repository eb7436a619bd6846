// Micro-benchmarks of numerics/: matrix products and activations, on one thread. Each checks its
// answer against a naive loop, then states its rate. "peak" is the yardstick of the same build:
// independent multiplications and additions in registers.
//
// Legend: m, k, n: c [m, n] = a [m, k] b [k, n].
#include <array>
#include <string>

#include "check.hpp"
#include "numerics/activations.hpp"
#include "numerics/gemm.hpp"

namespace echocell::bench {
namespace {

// ---- the yardstick

template <class S>
void peak(benchmark::State& state) {
  constexpr std::size_t kRegisters = 12, kBytes = 16;
  constexpr std::size_t kNumbers = kRegisters * kBytes / sizeof(S);
  constexpr int kRounds = 1000;
  std::array<S, kNumbers> sums{};
  // Numbers that the compiler cannot know.
  const S term = static_cast<S>(state.range(0)), factor = term / 2;
  for (auto _ : state) {
    std::array<S, kNumbers> local = sums;
    for (int round = 0; round < kRounds; ++round) {
      for (S& sum : local) sum = sum * factor + term;
    }
    sums = local;
    benchmark::DoNotOptimize(sums.data());
    benchmark::ClobberMemory();
  }
  // The fixed point of s = s / 2 + 1.
  right(state, difference(sums, std::vector<S>(kNumbers, S(2))), kTolerance<S>);
  set_rate(state, "FLOP/s", 2.0 * kRounds * static_cast<double>(kNumbers));
}

// ---- products

template <class S>
struct Product {
  const char* name;
  void (*run)(ConstMatrix<S> a, ConstMatrix<S> b, Matrix<S> c);
  bool a_transposed;  // a is stored [k, m]
  bool b_transposed;  // b is stored [n, k]
  bool adds;          // c += instead of c =
};

struct Extents {
  Index m, k, n;
};

template <class S>
std::vector<double> naive(const Product<S>& product, Extents e, const std::vector<S>& a,
                          const std::vector<S>& b, const std::vector<S>& c) {
  std::vector<double> sums(c.begin(), c.end());
  for (Index i = 0; i < e.m; ++i) {
    for (Index j = 0; j < e.n; ++j) {
      double sum = 0;
      for (Index p = 0; p < e.k; ++p) {
        const Index in_a = product.a_transposed ? p * e.m + i : i * e.k + p;
        const Index in_b = product.b_transposed ? j * e.k + p : p * e.n + j;
        sum += static_cast<double>(a[static_cast<std::size_t>(in_a)]) *
               static_cast<double>(b[static_cast<std::size_t>(in_b)]);
      }
      double& target = sums[static_cast<std::size_t>(i * e.n + j)];
      target = product.adds ? target + sum : sum;
    }
  }
  return sums;
}

template <class S>
void time_product(benchmark::State& state, const Product<S>& product) {
  const Extents e{state.range(0), state.range(1), state.range(2)};
  const auto a = numbers<S>(e.m * e.k, 1), b = numbers<S>(e.k * e.n, 2);
  auto c = numbers<S>(e.m * e.n, 3);
  const auto expected = naive(product, e, a, b, c);
  const auto run = [&] {
    product.run({a.data(), product.a_transposed ? e.k : e.m, product.a_transposed ? e.m : e.k},
                {b.data(), product.b_transposed ? e.n : e.k, product.b_transposed ? e.k : e.n},
                {c.data(), e.m, e.n});
  };
  run();
  if (!right(state, difference(c, expected), kTolerance<S>)) return;
  for (auto _ : state) {
    run();
    benchmark::DoNotOptimize(c.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "FLOP/s", 2.0 * static_cast<double>(e.m * e.k * e.n));
}

template <class S>
void register_products(const std::string& type) {
  // The recurrent product of one step [B, H] [H, 4H] at growing sizes, then the input projection
  // of a whole sequence [T B, F] [F, 4H].
  const std::vector<std::vector<std::int64_t>> shapes = {
      {1, 20, 80},    {1, 50, 200},    {6, 50, 200}, {32, 64, 256},
      {32, 128, 512}, {64, 256, 1024}, {5, 10, 100}, {480, 32, 512},
  };
  for (const Product<S>& product : {
           Product<S>{"multiply", multiply<S>, false, false, false},
           Product<S>{"add_product", add_product<S>, false, false, true},
           Product<S>{"add_product_tn", add_product_tn<S>, true, false, true},
           Product<S>{"multiply_nt", multiply_nt<S>, false, true, false},
           Product<S>{"add_product_nt", add_product_nt<S>, false, true, true},
       }) {
    auto* bench = benchmark::RegisterBenchmark(
        (std::string(product.name) + "/" + type).c_str(),
        [product](benchmark::State& state) { time_product<S>(state, product); });
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
template <class S>
void time_forward(benchmark::State& state, const Function& function) {
  const Index count = state.range(0);
  const auto z = numbers<S>(count, 4, kLargestArgument);
  std::vector<double> expected;
  for (const S value : z) expected.push_back(function.f(static_cast<double>(value)));
  auto y = z;
  activate(function.activation, y.data(), count);
  if (!right(state, difference(y, expected), kTolerance<S>)) return;
  for (auto _ : state) {
    std::copy(z.begin(), z.end(), y.begin());
    activate(function.activation, y.data(), count);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "numbers/s", static_cast<double>(count));
}

template <class S>
void time_derivative(benchmark::State& state, const Function& function) {
  const Index count = state.range(0);
  auto y = numbers<S>(count, 4, kLargestArgument);
  std::vector<double> expected;
  for (const S value : y) expected.push_back(function.derivative(static_cast<double>(value)));
  activate(function.activation, y.data(), count);
  const std::vector<S> ones(y.size(), S(1));
  auto dy = ones;
  multiply_by_derivative(function.activation, y.data(), dy.data(), count);
  if (!right(state, difference(dy, expected), kTolerance<S>)) return;
  for (auto _ : state) {
    std::copy(ones.begin(), ones.end(), dy.begin());
    multiply_by_derivative(function.activation, y.data(), dy.data(), count);
    benchmark::DoNotOptimize(dy.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "numbers/s", static_cast<double>(count));
}

template <class S>
void time_softmax(benchmark::State& state) {
  const Index rows = state.range(0), columns = state.range(1);
  const auto z = numbers<S>(rows * columns, 5, kLargestArgument);
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
  softmax(y.data(), rows, columns);
  if (!right(state, difference(y, expected), kTolerance<S>)) return;
  for (auto _ : state) {
    std::copy(z.begin(), z.end(), y.begin());
    softmax(y.data(), rows, columns);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  set_rate(state, "numbers/s", static_cast<double>(rows * columns));
}

template <class S>
void register_activations(const std::string& type) {
  for (const Function& function : functions()) {
    const std::string name = std::string(function.name) + "/" + type;
    benchmark::RegisterBenchmark(
        name.c_str(), [&function](benchmark::State& state) { time_forward<S>(state, function); })
        ->Arg(100)
        ->Arg(4096);
    benchmark::RegisterBenchmark(
        (name + "/backward").c_str(),
        [&function](benchmark::State& state) { time_derivative<S>(state, function); })
        ->Arg(100)
        ->Arg(4096);
  }
  benchmark::RegisterBenchmark(("softmax/" + type).c_str(), time_softmax<S>)
      ->Args({1, 10})
      ->Args({6, 100})
      ->Args({64, 1000});
}

template <class S>
void register_all(const std::string& type) {
  benchmark::RegisterBenchmark(("peak/" + type).c_str(), peak<S>)->Arg(1);
  register_products<S>(type);
  register_activations<S>(type);
}

}  // namespace
}  // namespace echocell::bench

int main(int argc, char** argv) {
  echocell::bench::register_all<float>("float");
  echocell::bench::register_all<double>("double");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
