// What the programs share: numbers to work on, the check of an answer, rates, and how they run.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "numerics/random.hpp"

namespace echocell::bench {

/// count numbers, uniform in [-limit, limit).
template <class S>
std::vector<S> numbers(Index count, std::uint64_t seed, double limit = 1.0) {
  const Random random{seed};
  std::vector<S> values(static_cast<std::size_t>(count));
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = static_cast<S>(limit * (2.0 * random.uniform(k) - 1.0));
  }
  return values;
}

/// The greatest |a[k] - b[k]|, as a share of the greatest |b[k]|.
template <class A, class B>
double difference(const A& a, const B& b) {
  double gap = 0, size = 0;
  for (std::size_t k = 0; k < b.size(); ++k) {
    const double x = static_cast<double>(a[k]), y = static_cast<double>(b[k]);
    // Not std::max: it would let a NaN pass.
    if (!(std::abs(x - y) <= gap)) gap = std::abs(x - y);
    size = std::max(size, std::abs(y));
  }
  return size > 0 ? gap / size : gap;
}

/// True, or the benchmark is skipped with an error that says how far off the answer was.
inline bool right(benchmark::State& state, double error, double tolerance) {
  if (error <= tolerance) return true;
  const std::string text = "wrong answer: off by " + std::to_string(error);
  state.SkipWithError(text.c_str());
  return false;
}

/// How far float is trusted in sums of some hundred numbers; double carries 9 digits more.
template <class S>
constexpr double kTolerance = sizeof(S) == 4 ? 1e-4 : 1e-11;

/// A column of the report: so many per second.
inline void set_rate(benchmark::State& state, const char* name, double per_iteration) {
  state.counters[name] =
      benchmark::Counter(per_iteration, benchmark::Counter::kIsIterationInvariantRate);
}

/// Runs what is registered, as the command line says; the program's status.
inline int run_registered(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace echocell::bench
