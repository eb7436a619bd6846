// Threads. OpenMP stands behind this header alone.
#pragma once

#include <functional>

#include "numerics/shape.hpp"

namespace echocell {

/// The processors that this process may use: its affinity, and its cgroup's quota rounded up.
int usable_processors();

/// Threads that run_slices() may use. At first OMP_NUM_THREADS, or else all usable processors;
/// never more than those unless set_thread_count() says so. 1 in a forked child, and where the
/// system refused to make as many.
int thread_count();
void set_thread_count(int count);
/// Whether the system has refused to make threads; true once.
bool take_thread_shortage();

/// Runs task(0) ... task(count - 1) on so many threads. Which thread runs a task does not depend on
/// timing. The first exception, in the order of tasks, is thrown again.
void run_on_threads(int threads, Index count, const std::function<void(Index)>& task);

/// The same on several threads if `parallel` and if there are several, else one by one without any
/// cost. Denormals are flushed on the other threads; on its own, the caller sees to it.
template <class Task>
void run_slices(Index count, bool parallel, const Task& task) {
  const int threads = parallel && count > 1 ? thread_count() : 1;
  if (threads > 1) return run_on_threads(threads, count, task);
  for (Index k = 0; k < count; ++k) task(k);
}

}  // namespace echocell
