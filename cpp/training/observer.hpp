// The interface through which a running loop is watched and ended.
#pragma once

#include <functional>
#include <vector>

#include "numerics/interrupt.hpp"
#include "numerics/shape.hpp"

namespace echocell {

/// Watches the loops from outside. A method that returns true ends the loop after this batch. The
/// methods are called between batches, when the model is whole: they may use and change it.
class Observer : public Interrupt {
 public:
  /// Gives the means of loss and metrics so far.
  using Logs = std::function<std::vector<double>()>;

  /// check() where no batch is under way.
  bool check_between_batches() {
    between_batches_ = true;
    const bool stop = check();
    between_batches_ = false;
    return stop;
  }
  /// Whether code from outside ran since the call began: it may have changed borrowed data.
  bool outside_code_ran() const { return outside_code_ran_; }

  virtual void epoch_begin(Index epoch) { (void)epoch; }
  virtual bool epoch_end(Index epoch, const std::vector<double>& logs) {
    (void)epoch, (void)logs;
    return false;
  }
  virtual void batch_begin(Index batch) { (void)batch; }
  virtual bool batch_end(Index epoch, Index batch, const Logs& logs) {
    (void)epoch, (void)batch, (void)logs;
    return false;
  }
  /// Around the validation in fit().
  virtual void test_begin() {}
  virtual void test_end(const std::vector<double>& logs) { (void)logs; }
  virtual void test_batch_begin(Index batch) { (void)batch; }
  virtual bool test_batch_end(Index batch, const Logs& logs) {
    (void)batch, (void)logs;
    return false;
  }
  virtual void predict_batch_begin(Index batch) { (void)batch; }
  virtual void predict_batch_end(Index batch) { (void)batch; }

 protected:
  bool between_batches() const { return between_batches_; }
  void note_outside_code() { outside_code_ran_ = true; }

 private:
  bool between_batches_ = false, outside_code_ran_ = false;
};

}  // namespace echocell
