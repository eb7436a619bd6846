#include "numerics/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <fstream>
#include <future>
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
std::atomic<bool> g_refused{false}, g_shortage_untold{false};

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
// wait for them forever.
void watch_forks() {
#ifdef __unix__
  static const bool registered = [] {
    pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
    return true;
  }();
  (void)registered;
#endif
}

#ifdef _OPENMP
/// Whether so many more threads can be made; those made for the test end at once.
bool can_make_threads(int count) {
  std::promise<void> all_made;
  const std::shared_future<void> made(all_made.get_future());
  std::vector<std::thread> threads;
  try {
    while (static_cast<int>(threads.size()) < count) {
      threads.emplace_back([made] { made.wait(); });
    }
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
  }
  all_made.set_value();
  for (std::thread& thread : threads) thread.join();
  return static_cast<int>(threads.size()) == count;
}

/// The number of threads wanted, or 1 where the system refuses them. The OpenMP runtime ends the
/// process when it cannot make a thread, hence the test beforehand. Each thread that opens parallel
/// regions has a team of its own.
int granted_threads(int wanted) {
  thread_local int granted = 1;  // with the caller
  if (wanted <= granted) return wanted;
  if (can_make_threads(wanted - granted)) return granted = wanted;
  g_refused = g_shortage_untold = true;
  return 1;
}
#endif

}  // namespace

int usable_processors() {
  const double quota = std::ceil(processors_by_quota());
  return std::max(1, static_cast<int>(std::min<double>(processors_by_affinity(), quota)));
}

int thread_count() {
  watch_forks();
  if (g_forked || g_refused) return 1;
  if (g_threads == 0) g_threads = default_threads();
  return g_threads;
}

void set_thread_count(int count) {
  g_threads = std::max(1, count);
  g_refused = false;
}

bool take_thread_shortage() { return g_shortage_untold && g_shortage_untold.exchange(false); }

void run_on_threads(int threads, Index count, const std::function<void(Index)>& task) {
#ifdef _OPENMP
  threads = granted_threads(static_cast<int>(std::min<Index>(count, threads)));
  std::exception_ptr error;
  Index failed = count;  // the first task that has thrown
#pragma omp parallel for schedule(static, 1) num_threads(threads)
  for (Index k = 0; k < count; ++k) {
    const DenormalGuard guard;
    try {
      task(k);
    } catch (...) {
#pragma omp critical(echocell_run_on_threads)
      if (k < failed) {
        failed = k;
        error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
#else
  (void)threads;
  for (Index k = 0; k < count; ++k) task(k);
#endif
}

}  // namespace echocell
