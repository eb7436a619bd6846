// Python's side of a running loop: signals (Ctrl-C), hooks, the progress bar.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "bindings/occupancy.hpp"
#include "training/model.hpp"

namespace echocell::bindings {

namespace py = pybind11;

/// Callables of Python by their names, as _core/__init__.pyi describes them; none is needed.
using Hooks = std::map<std::string, py::function, std::less<>>;

/// Throws std::invalid_argument for a name that no hook has.
inline void require_known(const Hooks& hooks) {
  static const std::set<std::string> known{
      "epoch_begin",         "epoch_end",         "batch_begin",      "batch_end",
      "test_begin",          "test_end",          "test_batch_begin", "test_batch_end",
      "predict_batch_begin", "predict_batch_end", "progress"};
  for (const auto& [name, function] : hooks) {
    if (known.count(name) == 0) throw std::invalid_argument("there is no hook '" + name + "'");
  }
}

/// Lives on the thread that entered the model; that thread has released the GIL.
class PythonObserver final : public Observer {
 public:
  /// predictions: the array that predict() fills; it outlives the observer.
  PythonObserver(Occupancy& occupancy, Hooks hooks, const py::array* predictions)
      : occupancy_(occupancy), hooks_(std::move(hooks)), predictions_(predictions) {
    require_known(hooks_);
  }

  void epoch_begin(Index epoch) override {
    fits_ = true;
    epoch_ = epoch;
    call("epoch_begin", epoch);
  }
  bool epoch_end(Index epoch, const std::vector<double>& logs) override {
    return ask("epoch_end", epoch, logs);
  }
  void batch_begin(Index batch) override { call("batch_begin", batch); }
  bool batch_end(Index epoch, Index batch, const Logs& logs) override {
    epoch_ = epoch;
    const bool stop = has("batch_end") && ask("batch_end", batch, logs());
    show_progress(batch, logs);
    return stop;
  }
  void test_begin() override { call("test_begin"); }
  void test_end(const std::vector<double>& logs) override { call("test_end", logs); }
  void test_batch_begin(Index batch) override { call("test_batch_begin", batch); }
  bool test_batch_end(Index batch, const Logs& logs) override {
    const bool stop = has("test_batch_end") && ask("test_batch_end", batch, logs());
    if (!fits_) show_progress(batch, logs);
    return stop;
  }
  void predict_batch_begin(Index batch) override { call("predict_batch_begin", batch); }
  void predict_batch_end(Index batch) override { call("predict_batch_end", batch, *predictions_); }

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
    note_outside_code();
    if (handle_signals()) return;
    error_ = std::make_exception_ptr(py::error_already_set());
    request();
  }

 private:
  /// Runs what is due: signal handlers, finalizers. False after an exception.
  bool handle_signals() {
    if (!between_batches()) return PyErr_CheckSignals() == 0;
    const auto opened = occupancy_.open_to_owner();
    return PyErr_CheckSignals() == 0;
  }

  using Clock = std::chrono::steady_clock;

  bool has(const char* hook) const { return hooks_.find(hook) != hooks_.end(); }
  /// Gives what the hook returns to `use`, with the GIL and the model open.
  template <class Use, class... Arguments>
  void call_with(const char* hook, const Use& use, const Arguments&... arguments) {
    const auto found = hooks_.find(hook);
    if (found == hooks_.end()) return;
    const py::gil_scoped_acquire gil;
    note_outside_code();
    const auto opened = occupancy_.open_to_owner();
    use(found->second(arguments...));
  }
  template <class... Arguments>
  void call(const char* hook, const Arguments&... arguments) {
    call_with(hook, [](const py::object&) {}, arguments...);
  }
  /// Whether the hook says to stop.
  template <class... Arguments>
  bool ask(const char* hook, const Arguments&... arguments) {
    bool stop = false;
    call_with(hook, [&](const py::object& said) { stop = py::cast<bool>(said); }, arguments...);
    return stop;
  }
  void show_progress(Index batch, const Logs& logs) {
    if (!has("progress") || Clock::now() < next_progress_) return;
    call("progress", epoch_, batch + 1, logs());
    next_progress_ = Clock::now() + std::chrono::milliseconds(50);
  }

  Occupancy& occupancy_;
  Hooks hooks_;
  const py::array* predictions_;
  bool fits_ = false;  // a test is then a validation, which shows no progress
  Index epoch_ = 0;
  std::thread::id owner_ = std::this_thread::get_id();
  int looks_to_skip_ = 0;
  Clock::time_point last_look_ = Clock::now();
  Clock::time_point next_poll_ = Clock::now() + std::chrono::milliseconds(50);
  Clock::time_point next_progress_{};
  std::exception_ptr error_;
};

}  // namespace echocell::bindings
