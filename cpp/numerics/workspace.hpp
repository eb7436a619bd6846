// Memory that is planned once for a (batch, time) shape and then reused at every update.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "numerics/shape.hpp"

namespace echocell {

/// The alignment of every block: a cache line, and the widest vector register.
constexpr std::size_t kAlignment = 64;

/// Rounds a count of S up so that the next block starts aligned.
template <class S>
constexpr Index aligned_count(Index count) {
  constexpr Index unit = static_cast<Index>(kAlignment / sizeof(S));
  return (count + unit - 1) / unit * unit;
}

struct FreeDeleter {
  void operator()(void* block) const { std::free(block); }
};

/// Owns one aligned, zeroed array.
template <class S>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Index count) : count_(count) {
    const auto bytes = static_cast<std::size_t>(aligned_count<S>(count)) * sizeof(S);
    if (bytes == 0) return;
    data_.reset(static_cast<S*>(std::aligned_alloc(kAlignment, bytes)));
    if (!data_) throw std::bad_alloc();
    zero();
  }
  S* data() const { return data_.get(); }
  Index size() const { return count_; }
  void zero() {
    if (data_)
      std::memset(static_cast<void*>(data_.get()), 0, static_cast<std::size_t>(count_) * sizeof(S));
  }

 private:
  std::unique_ptr<S, FreeDeleter> data_;
  Index count_ = 0;
};

/// Hands out zeroed blocks that live as long as the workspace. Only planning calls it.
class Workspace {
 public:
  template <class S>
  S* take(Index count) {
    const Index bytes =
        aligned_count<std::uint8_t>(checked_product(count, static_cast<Index>(sizeof(S))));
    blocks_.emplace_back(bytes);
    bytes_ += bytes;
    return reinterpret_cast<S*>(blocks_.back().data());
  }
  Index bytes() const { return bytes_; }

 private:
  std::vector<Buffer<std::uint8_t>> blocks_;
  Index bytes_ = 0;
};

}  // namespace echocell
