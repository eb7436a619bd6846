// The programs' common part: the check of an answer, rates, and how they run.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "tests/numbers.hpp"

namespace echocell::bench {

using tests::difference;
using tests::kTolerance;
using tests::numbers;

/// True, or the benchmark is skipped with an error that says how far off the answer was.
inline bool right(benchmark::State& state, double error, double tolerance) {
  if (error <= tolerance) return true;
  const std::string text = "wrong answer: off by " + std::to_string(error);
  state.SkipWithError(text.c_str());
  return false;
}

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
