// Micro-benchmarks of what memory bounds rather than arithmetic: the optimizers over the arena, and
// the helpers of the products, on one thread. Each checks its answer against a naive loop, then
// states the bytes it reads and writes per second. "stream" is the yardstick of the same build and
// the same number of bytes: y += a x.
//
// Legend: n numbers; or w [k, n], and m rows of a or z.
#include <functional>
#include <string>

#include "check.hpp"
#include "layers/parameter.hpp"
#include "numerics/packed_product.hpp"
#include "training/optimizers/optimizer.hpp"

namespace echocell::bench {
namespace {

/// Times run() if the error of its first answer is small.
void time(benchmark::State& state, double error, double tolerance, double bytes,
          const std::function<void()>& run) {
  if (!right(state, error, tolerance)) return;
  for (auto _ : state) {
    run();
    benchmark::ClobberMemory();
  }
  set_rate(state, "bytes/s", bytes);
}

template <class Scalar>
double bytes_of(Index count) {
  return static_cast<double>(count) * static_cast<double>(sizeof(Scalar));
}

template <class Scalar>
void stream(benchmark::State& state) {
  const Index n = state.range(0);
  const std::vector<Scalar> x = numbers<Scalar>(n, 1);
  std::vector<Scalar> y(x.size());
  const auto run = [&] {
    for (Index k = 0; k < n; k += kLanes<Scalar>) {
      Packet<Scalar>::Map(&y[std::size_t(k)]) +=
          Scalar(0.5) * Packet<Scalar>::Map(&x[std::size_t(k)]);
    }
  };
  run();
  std::vector<double> expected;
  for (Scalar value : x) expected.push_back(0.5 * static_cast<double>(value));
  time(state, difference(y, expected), kTolerance<Scalar>, bytes_of<Scalar>(3 * n), run);
}

// ---- optimizers: one update of n numbers

struct Rule {
  const char* name;
  OptimizerKind kind;
  int streams;  // arrays read and arrays written
  /// The first update of a value from its gradient, at learning rate 0.01.
  double (*first)(double g);
};

const Rule kRules[] = {
    {"sgd", OptimizerKind::sgd, 3, [](double g) { return -0.01 * g; }},
    {"rmsprop", OptimizerKind::rmsprop, 5,
     [](double g) { return -0.01 * g / std::sqrt(0.1 * g * g + 1e-7); }},
    {"adam", OptimizerKind::adam, 7,
     [](double g) {
       return -0.01 * std::sqrt(0.001) / 0.1 * (0.1 * g) / (std::sqrt(0.001 * g * g) + 1e-7);
     }},
    {"adagrad", OptimizerKind::adagrad, 5,
     [](double g) { return -0.01 * g / std::sqrt(0.1 + g * g + 1e-7); }},
};

template <class Scalar>
void time_optimizer(benchmark::State& state, const Rule& rule) {
  const Index n = state.range(0);
  OptimizerOptions options;
  options.kind = rule.kind;
  options.learning_rate = 0.01;
  Optimizer<Scalar> optimizer(options, n);
  std::vector<Scalar> g = numbers<Scalar>(n, 1), x(g.size());
  std::vector<double> expected;
  for (Scalar gradient : g) expected.push_back(rule.first(static_cast<double>(gradient)));
  const std::vector<Segment> segments = {{0, n, true}};
  const auto run = [&] { optimizer.apply({x.data(), n}, {g.data(), n}, segments); };
  run();
  // The updates are small beside the tolerance of sums: 1e-6 of them, for float.
  time(state, difference(x, expected), kTolerance<Scalar> / 100, bytes_of<Scalar>(rule.streams * n),
       run);
}

// ---- helpers of the products

template <class Scalar>
struct Helpers {
  Index m, k, n;
  std::vector<Scalar> w, z, x, out;
  std::vector<Index> hot;

  explicit Helpers(benchmark::State& state)
      : m(state.range(0)),
        k(state.range(1)),
        n(state.range(2)),
        w(numbers<Scalar>(k * n, 1)),
        z(numbers<Scalar>(m * n, 2)),
        x(static_cast<std::size_t>(m * k)) {
    for (Index r = 0; r < m; ++r) {
      hot.push_back(r * 7 % k);
      x[std::size_t(r * k + hot.back())] = 1;
    }
  }
  Panels<Scalar> panels(std::vector<Scalar>& data, Index rows) const {
    return {data.data(), rows, n, tile_for<Scalar>(1)};
  }
  double at(std::vector<Scalar>& data, Index rows, Index row, Index col) const {
    const Panels<Scalar> p = panels(data, rows);
    const Index first = col / p.tile * p.tile;
    return static_cast<double>(p.panel(first)[row * p.width(first) + (col - first)]);
  }
};

template <class Scalar>
void transposition(benchmark::State& state) {
  Helpers<Scalar> o(state);
  const Index stride = padded<Scalar>(o.k);
  o.out.resize(static_cast<std::size_t>(o.n * stride));
  const Panels<Scalar> wt = transposed_view(o.out.data(), o.k, o.n);
  const auto run = [&] { transpose<Scalar>(o.panels(o.w, o.k), wt); };
  run();
  std::vector<double> got, expected;
  for (Index c = 0; c < o.n; ++c) {
    for (Index j = 0; j < o.k; ++j) {
      const Index first = j / wt.tile * wt.tile;
      got.push_back(static_cast<double>(wt.panel(first)[c * wt.width(first) + (j - first)]));
      expected.push_back(o.at(o.w, o.k, j, c));
    }
  }
  time(state, difference(got, expected), 0, bytes_of<Scalar>(2 * o.k * o.n), run);
}

template <class Scalar>
void dot_products(benchmark::State& state) {
  Helpers<Scalar> o(state);
  const Index stride = padded<Scalar>(o.k);
  o.out.assign(static_cast<std::size_t>(o.m * stride), Scalar(0));
  const auto run = [&] {
    add_dot_product_back<Scalar>(o.panels(o.z, o.m), 0, o.panels(o.w, o.k),
                                 rows_view(o.out.data(), o.m, o.k, stride));
  };
  run();
  std::vector<double> expected(o.out.size(), 0.0);
  for (Index r = 0; r < o.m; ++r) {
    for (Index j = 0; j < o.k; ++j) {
      for (Index c = 0; c < o.n; ++c) {
        expected[std::size_t(r * stride + j)] += o.at(o.z, o.m, r, c) * o.at(o.w, o.k, j, c);
      }
    }
  }
  time(state, difference(o.out, expected), kTolerance<Scalar>, bytes_of<Scalar>(o.m * o.k * o.n),
       run);
  set_rate(state, "FLOP/s", 2.0 * static_cast<double>(o.m * o.k * o.n));
}

template <class Scalar>
void sums_of_columns(benchmark::State& state) {
  Helpers<Scalar> o(state);
  o.out.assign(static_cast<std::size_t>(o.n), Scalar(0));
  const auto run = [&] {
    column_sums<Scalar>(o.panels(o.z, o.m), o.m, {o.out.data(), o.n}, Write::set);
  };
  run();
  std::vector<double> expected(o.out.size(), 0.0);
  for (Index r = 0; r < o.m; ++r) {
    for (Index c = 0; c < o.n; ++c) expected[std::size_t(c)] += o.at(o.z, o.m, r, c);
  }
  time(state, difference(o.out, expected), kTolerance<Scalar>, bytes_of<Scalar>(o.m * o.n), run);
}

template <class Scalar>
void one_hot(benchmark::State& state) {
  Helpers<Scalar> o(state);
  o.out.assign(static_cast<std::size_t>(o.m * o.n), Scalar(0));
  const auto run = [&] {
    add_one_hot_product<Scalar>(o.x.data(), o.hot.data(), o.m, o.panels(o.w, o.k),
                                o.panels(o.out, o.m));
  };
  run();
  std::vector<double> got, expected;
  for (Index r = 0; r < o.m; ++r) {
    for (Index c = 0; c < o.n; ++c) {
      got.push_back(o.at(o.out, o.m, r, c));
      expected.push_back(o.at(o.w, o.k, o.hot[std::size_t(r)], c));
    }
  }
  time(state, difference(got, expected), 0, bytes_of<Scalar>(3 * o.m * o.n), run);
}

template <class Scalar>
void one_hot_tn(benchmark::State& state) {
  Helpers<Scalar> o(state);
  o.out.assign(static_cast<std::size_t>(o.k * o.n), Scalar(1));
  const auto run = [&] {
    one_hot_product_tn<Scalar>(o.x.data(), o.hot.data(), o.m, o.panels(o.z, o.m),
                               o.panels(o.out, o.k), Write::set);
  };
  run();
  std::vector<double> got, expected(o.out.size(), 0.0);
  for (Index r = 0; r < o.m; ++r) {
    for (Index c = 0; c < o.n; ++c) {
      expected[std::size_t(o.hot[std::size_t(r)] * o.n + c)] += o.at(o.z, o.m, r, c);
    }
  }
  for (Index j = 0; j < o.k; ++j) {
    for (Index c = 0; c < o.n; ++c) got.push_back(o.at(o.out, o.k, j, c));
  }
  time(state, difference(got, expected), kTolerance<Scalar>,
       bytes_of<Scalar>((3 * o.m + o.k) * o.n), run);
}

template <class Scalar>
void register_all(const std::string& type) {
  // The arenas of LSTM(20), LSTM(25) and LSTM(50) with their Dense, and of LSTM(256).
  const std::vector<std::int64_t> arenas = {2416, 5024, 37120, 525312};
  auto* streaming = benchmark::RegisterBenchmark(("stream/" + type).c_str(), stream<Scalar>);
  for (std::int64_t n : arenas) streaming->Arg(n);
  for (const Rule& rule : kRules) {
    auto* bench = benchmark::RegisterBenchmark(
        (std::string(rule.name) + "/" + type).c_str(),
        [&rule](benchmark::State& state) { time_optimizer<Scalar>(state, rule); });
    for (std::int64_t n : arenas) bench->Arg(n);
  }
  const std::pair<const char*, void (*)(benchmark::State&)> helpers[] = {
      {"transpose", transposition<Scalar>},       {"add_dot_product_back", dot_products<Scalar>},
      {"column_sums", sums_of_columns<Scalar>},   {"add_one_hot_product", one_hot<Scalar>},
      {"one_hot_product_tn", one_hot_tn<Scalar>},
  };
  for (const auto& [name, run] : helpers) {
    auto* bench = benchmark::RegisterBenchmark((std::string(name) + "/" + type).c_str(), run);
    bench->ArgNames({"m", "k", "n"});
    for (const auto& shape : {std::vector<std::int64_t>{1, 25, 128}, {5, 50, 256}, {6, 100, 256}}) {
      bench->Args(shape);
    }
  }
}

}  // namespace
}  // namespace echocell::bench

int main(int argc, char** argv) {
  echocell::bench::register_all<float>("float");
  echocell::bench::register_all<double>("double");
  return echocell::bench::run_registered(argc, argv);
}
