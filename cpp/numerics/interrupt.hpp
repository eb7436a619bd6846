// A request to stop, seen by every thread that works on a batch.
#pragma once

#include <atomic>
#include <exception>

namespace echocell {

/// Long loops call `check()` and leave early when it is true; the trainer then drops the batch.
/// Only the thread that called into the core polls the outside world (see set_owner_poll).
class Interrupt {
 public:
  virtual ~Interrupt() = default;

  /// True once somebody asked to stop. Cheap enough for every time step.
  bool check() {
    if (is_owner()) poll();
    return requested_.load(std::memory_order_relaxed);
  }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }

 protected:
  /// Is this the thread that may poll? The others only read the flag.
  virtual bool is_owner() const { return false; }
  /// Asks outside whether to stop, not more often than it is worth, and calls request().
  virtual void poll() {}
  void request() { requested_.store(true, std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

/// Thrown when the observer asked to stop in the middle of a batch. The model is as it was after
/// the last whole batch; where bptt_steps cuts batches, the weights of windows that were trained
/// stay trained, and the carried states are those of before the batch.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

inline void stop_if_requested(const Interrupt* interrupt) {
  if (interrupt != nullptr && interrupt->requested()) throw Interrupted();
}

}  // namespace echocell
