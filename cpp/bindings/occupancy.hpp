// Who works on a model.
#pragma once

#include <stdexcept>
#include <string>
#include <thread>

namespace echocell::bindings {

/// Says who works on a model. Entered and left with the GIL held. A hook may call back into the
/// model on the same thread; another thread may not come in meanwhile.
class Occupancy {
 public:
  class Guard {
   public:
    explicit Guard(Occupancy& occupancy) : occupancy_(occupancy) { ++occupancy_.depth_; }
    ~Guard() { --occupancy_.depth_; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Occupancy& occupancy_;
  };

  /// May this thread enter?
  bool open() const { return depth_ == 0 || owner_ == std::this_thread::get_id(); }
  Guard enter() {
    if (!open()) {
      throw std::invalid_argument("the model is at work in another thread");
    }
    owner_ = std::this_thread::get_id();
    return Guard(*this);
  }
  void require_idle(const char* what) const {
    if (depth_ > 0) {
      throw std::invalid_argument(std::string(what) + " cannot be called while the model trains");
    }
  }

 private:
  int depth_ = 0;
  std::thread::id owner_;
};

}  // namespace echocell::bindings
