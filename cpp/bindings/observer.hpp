// What Python wants to know of a running loop: its signals (Ctrl-C), its hooks, its progress bar.
#pragma once

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <exception>
#include <optional>
#include <thread>

#include "training/model.hpp"

namespace echocell::bindings {

namespace py = pybind11;

/// Python's callables, as _core.pyi describes them; none of them is needed.
struct Hooks {
  std::optional<py::function> epoch_begin, epoch_end, batch_begin, batch_end, progress;
};

/// Lives on the thread that called into the core; that thread has released the GIL.
class PythonObserver final : public Observer {
 public:
  explicit PythonObserver(Hooks hooks = {}) : hooks_(std::move(hooks)) {}

  void epoch_begin(Index epoch) override {
    epoch_ = epoch;
    if (!hooks_.epoch_begin) return;
    const py::gil_scoped_acquire gil;
    (*hooks_.epoch_begin)(epoch);
  }
  bool epoch_end(Index epoch, const std::vector<double>& logs) override {
    if (!hooks_.epoch_end) return false;
    const py::gil_scoped_acquire gil;
    return py::cast<bool>((*hooks_.epoch_end)(epoch, logs));
  }
  void batch_begin(Index batch) override {
    if (!hooks_.batch_begin) return;
    const py::gil_scoped_acquire gil;
    (*hooks_.batch_begin)(batch);
  }
  bool batch_end(Index epoch, Index batch, const Logs& logs) override {
    epoch_ = epoch;
    return tell(batch, logs);
  }
  bool test_batch_end(Index batch, const Logs& logs) override {
    return listens_to_tests_ && tell(batch, logs);
  }
  /// In evaluate() the batches that are told of are those of the test.
  void listen_to_tests() { listens_to_tests_ = true; }

  /// Throws what a signal handler threw, if that is why the loop was left.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 protected:
  bool is_owner() const override { return std::this_thread::get_id() == owner_; }

  /// Runs inside parallel regions too, so it keeps an exception instead of throwing it.
  void poll() override {
    if (--looks_to_skip_ > 0) return;
    const auto now = Clock::now();
    // Where looks follow each other within microseconds, most of them need not ask for the time.
    looks_to_skip_ = now - last_look_ < std::chrono::microseconds(500) ? 32 : 1;
    last_look_ = now;
    if (now < next_poll_) return;
    next_poll_ = now + std::chrono::milliseconds(50);
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() == 0) return;
    error_ = std::make_exception_ptr(py::error_already_set());
    request();
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool tell(Index batch, const Logs& logs) {
    bool stop = false;
    if (hooks_.batch_end) {
      const py::gil_scoped_acquire gil;
      stop = py::cast<bool>((*hooks_.batch_end)(batch, logs()));
    }
    if (hooks_.progress && Clock::now() >= next_progress_) {
      const py::gil_scoped_acquire gil;
      (*hooks_.progress)(epoch_, batch + 1, logs());
      next_progress_ = Clock::now() + std::chrono::milliseconds(50);
    }
    return stop;
  }

  Hooks hooks_;
  bool listens_to_tests_ = false;
  Index epoch_ = 0;
  std::thread::id owner_ = std::this_thread::get_id();
  int looks_to_skip_ = 0;
  Clock::time_point last_look_ = Clock::now();
  Clock::time_point next_poll_ = Clock::now() + std::chrono::milliseconds(50);
  Clock::time_point next_progress_{};
  std::exception_ptr error_;
};

}  // namespace echocell::bindings
