// The thread that works on a model, and the calls that are allowed meanwhile.
#pragma once

#include <stdexcept>
#include <string>
#include <thread>

namespace echocell::bindings {

/// Whether a model can be used, kept with the GIL held.
///
/// A call closes the model until it returns. Python code may run on its thread all the same: signal
/// handlers in the middle of a batch, finalizers, filters of warnings. What they ask of the model
/// is refused, since plans, states and parameters are in use. Between batches, where nothing is,
/// the call opens the model to its own thread: hooks may do what they like. Other threads are
/// refused from the first to the last.
class Occupancy {
  enum class Phase : unsigned char { idle, open_to_owner, busy };

 public:
  /// Restores the phase that was before.
  class [[nodiscard]] Guard {
   public:
    Guard(Occupancy& occupancy, Phase phase) : occupancy_(occupancy), before_(occupancy.phase_) {
      occupancy.phase_ = phase;
    }
    ~Guard() { occupancy_.phase_ = before_; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Occupancy& occupancy_;
    Phase before_;
  };

  /// Whether this thread may enter now.
  bool open() const {
    return phase_ == Phase::idle || (phase_ == Phase::open_to_owner && is_owner());
  }
  /// Closes the model for the guard's life. Throws std::invalid_argument where it is not open.
  Guard enter() {
    if (!open()) refuse();
    owner_ = std::this_thread::get_id();
    return {*this, Phase::busy};
  }
  /// Opens the model to the thread that entered, for the guard's life.
  Guard open_to_owner() { return {*this, Phase::open_to_owner}; }

  /// Allows to read parameters: on the owner's thread no Python code runs while they are written.
  void require_readable() const {
    if (phase_ != Phase::idle && !is_owner()) refuse();
  }
  void require_idle(const char* what) const {
    if (phase_ == Phase::idle) return;
    throw std::invalid_argument(std::string(what) + " cannot be called while the model trains");
  }

 private:
  bool is_owner() const { return owner_ == std::this_thread::get_id(); }
  [[noreturn]] void refuse() const {
    throw std::invalid_argument(
        is_owner() ? "the model is in the middle of a batch: a signal handler or a finalizer may "
                     "read its weights and nothing else; use the model between batches, in a "
                     "callback"
                   : "the model is at work in another thread");
  }

  Phase phase_ = Phase::idle;
  std::thread::id owner_;
};

}  // namespace echocell::bindings
