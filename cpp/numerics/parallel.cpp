#include "numerics/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __linux__
#include <sched.h>
#endif
#ifdef __unix__
#include <pthread.h>
#endif

#include "numerics/denormals.hpp"

namespace echocell {
namespace {

std::atomic<int> g_threads{0};  // 0: not decided yet
std::atomic<bool> g_forked{false};

int processors_by_affinity() {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// The cgroup's quota in processors, or a large number where there is none.
double processors_by_quota() {
  std::string quota;
  double period = 0;
  std::ifstream unified("/sys/fs/cgroup/cpu.max");  // "max 100000" or "150000 100000"
  if (unified >> quota >> period && quota != "max" && period > 0) return std::stod(quota) / period;
  std::ifstream legacy_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream legacy_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double microseconds = 0;
  if (legacy_quota >> microseconds && legacy_period >> period && microseconds > 0 && period > 0) {
    return microseconds / period;
  }
  return 1e6;
}

int default_threads() {
#ifdef _OPENMP
  return std::min(omp_get_max_threads(), usable_processors());
#else
  return 1;
#endif
}

// The OpenMP runtime's threads do not survive a fork: a child that opened a parallel region would
// wait for them for ever.
void watch_forks() {
#ifdef __unix__
  static const bool registered = [] {
    pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
    return true;
  }();
  (void)registered;
#endif
}

}  // namespace

int usable_processors() {
  const double quota = std::ceil(processors_by_quota());
  return std::max(1, static_cast<int>(std::min<double>(processors_by_affinity(), quota)));
}

int thread_count() {
  watch_forks();
  if (g_forked) return 1;
  if (g_threads == 0) g_threads = default_threads();
  return g_threads;
}

void set_thread_count(int count) { g_threads = std::max(1, count); }

void run_on_threads(int threads, Index count, const std::function<void(Index)>& task) {
#ifdef _OPENMP
  threads = static_cast<int>(std::min<Index>(count, threads));
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
#pragma omp parallel for schedule(static, 1) num_threads(threads)
  for (Index k = 0; k < count; ++k) {
    const DenormalGuard guard;
    try {
      task(k);
    } catch (...) {
      errors[static_cast<std::size_t>(k)] = std::current_exception();
    }
  }
  for (const auto& error : errors) {
    if (error) std::rethrow_exception(error);
  }
#else
  (void)threads;
  for (Index k = 0; k < count; ++k) task(k);
#endif
}

}  // namespace echocell
