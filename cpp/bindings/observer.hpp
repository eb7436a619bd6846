// What Python wants to know of a running loop: its signals (Ctrl-C), its hooks, its progress bar.
#pragma once

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "bindings/occupancy.hpp"
#include "training/model.hpp"

namespace echocell::bindings {

namespace py = pybind11;

/// Python's callables, as _core.pyi describes them; none of them is needed.
struct Hooks {
  using Hook = std::optional<py::function>;

  Hook epoch_begin, epoch_end, batch_begin, batch_end;
  Hook test_begin, test_end, test_batch_begin, test_batch_end;
  Hook predict_batch_begin, predict_batch_end;
  Hook progress;
};

/// Lives on the thread that entered the model; that thread has released the GIL.
class PythonObserver final : public Observer {
 public:
  PythonObserver(Occupancy& occupancy, Hooks hooks)
      : occupancy_(occupancy), hooks_(std::move(hooks)) {}

  void epoch_begin(Index epoch) override {
    epoch_ = epoch;
    call(hooks_.epoch_begin, epoch);
  }
  bool epoch_end(Index epoch, const std::vector<double>& logs) override {
    return ask(hooks_.epoch_end, epoch, logs);
  }
  void batch_begin(Index batch) override { call(hooks_.batch_begin, batch); }
  bool batch_end(Index epoch, Index batch, const Logs& logs) override {
    epoch_ = epoch;
    const bool stop = hooks_.batch_end && ask(hooks_.batch_end, batch, logs());
    show_progress(batch, logs);
    return stop;
  }
  void test_begin() override { call(hooks_.test_begin); }
  void test_end(const std::vector<double>& logs) override { call(hooks_.test_end, logs); }
  void test_batch_begin(Index batch) override { call(hooks_.test_batch_begin, batch); }
  bool test_batch_end(Index batch, const Logs& logs) override {
    const bool stop = hooks_.test_batch_end && ask(hooks_.test_batch_end, batch, logs());
    if (shows_tests_) show_progress(batch, logs);
    return stop;
  }
  void predict_batch_begin(Index batch) override { call(hooks_.predict_batch_begin, batch); }
  void predict_batch_end(Index batch) override {
    call(hooks_.predict_batch_end, batch, *predictions_);
  }

  /// In evaluate() the progress is that of the test.
  void show_tests() { shows_tests_ = true; }
  /// The array that predict() fills; it outlives the observer.
  void show_predictions(const py::array& predictions) { predictions_ = &predictions; }

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

  /// Gives what the hook returns to `use`, with the GIL and the model open.
  template <class Use, class... Arguments>
  void call_with(const Hooks::Hook& hook, const Use& use, const Arguments&... arguments) {
    if (!hook) return;
    const py::gil_scoped_acquire gil;
    note_outside_code();
    const auto opened = occupancy_.open_to_owner();
    use((*hook)(arguments...));
  }
  template <class... Arguments>
  void call(const Hooks::Hook& hook, const Arguments&... arguments) {
    call_with(hook, [](const py::object&) {}, arguments...);
  }
  /// Whether the hook says to stop.
  template <class... Arguments>
  bool ask(const Hooks::Hook& hook, const Arguments&... arguments) {
    bool stop = false;
    call_with(hook, [&](const py::object& said) { stop = py::cast<bool>(said); }, arguments...);
    return stop;
  }
  void show_progress(Index batch, const Logs& logs) {
    if (!hooks_.progress || Clock::now() < next_progress_) return;
    call(hooks_.progress, epoch_, batch + 1, logs());
    next_progress_ = Clock::now() + std::chrono::milliseconds(50);
  }

  Occupancy& occupancy_;
  Hooks hooks_;
  const py::array* predictions_ = nullptr;
  bool shows_tests_ = false;
  Index epoch_ = 0;
  std::thread::id owner_ = std::this_thread::get_id();
  int looks_to_skip_ = 0;
  Clock::time_point last_look_ = Clock::now();
  Clock::time_point next_poll_ = Clock::now() + std::chrono::milliseconds(50);
  Clock::time_point next_progress_{};
  std::exception_ptr error_;
};

}  // namespace echocell::bindings
