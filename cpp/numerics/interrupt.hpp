// A request to stop that every thread of a batch reads.
#pragma once

#include <atomic>
#include <exception>

namespace echocell {

/// Long loops call `check()` and leave early when it is true; the trainer then drops the batch.
/// Only the thread that called into the core polls.
class Interrupt {
 public:
  virtual ~Interrupt() = default;

  /// Polls on the owner's thread, and returns whether a stop was requested. Cheap enough for every
  /// time step.
  bool check() {
    if (is_owner()) poll();
    return requested_.load(std::memory_order_relaxed);
  }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }

 protected:
  /// Whether the calling thread may poll. The others only read the flag.
  virtual bool is_owner() const { return false; }
  /// Looks for a reason to stop, at limited intervals, and calls request() if there is one.
  virtual void poll() {}
  void request() { requested_.store(true, std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

/// Thrown after a request to stop in the middle of a batch. The model is as it was after the last
/// whole batch; where bptt_steps cuts batches, the updates of finished windows remain, and the
/// carried states are those of before the batch.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

inline void stop_if_requested(const Interrupt* interrupt) {
  if (interrupt != nullptr && interrupt->requested()) throw Interrupted();
}

}  // namespace echocell
