// Threads. No other part of the core uses OpenMP.
#pragma once

#include <functional>

#include "numerics/shape.hpp"

namespace echocell {

/// The processors that this process may use: its affinity, and its cgroup's quota rounded up.
int usable_processors();

/// The number of threads that run_slices() may use. Initially OMP_NUM_THREADS, but at most the
/// usable processors, or all of those; set_thread_count() may set more. 1 in a forked child, and
/// where the system refused to make as many.
int thread_count();
void set_thread_count(int count);
/// Whether the system has refused to make threads since the last call.
bool take_thread_shortage();

/// Runs task(0) ... task(count - 1) on so many threads. Which thread runs a task does not depend on
/// timing. The first exception, in the order of tasks, is thrown again.
void run_on_threads(int threads, Index count, const std::function<void(Index)>& task);

/// Runs task(0) ... task(count - 1), on several threads if `parallel` and if there are several. On
/// the other threads denormals are flushed; on its own the caller holds a DenormalGuard.
template <class Task>
void run_slices(Index count, bool parallel, const Task& task) {
  const int threads = parallel && count > 1 ? thread_count() : 1;
  if (threads > 1) return run_on_threads(threads, count, std::ref(task));
  for (Index k = 0; k < count; ++k) task(k);
}

}  // namespace echocell
