// Memory that is planned once for a (batch, time) shape and then reused at every update.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "numerics/tensor.hpp"

namespace echocell {

/// The alignment of every block: a cache line, and the widest vector register.
constexpr std::size_t kAlignment = 64;

/// Rounds a count of Scalar up so that the next block starts aligned.
template <class Scalar>
constexpr Index aligned_count(Index count) {
  constexpr Index unit = static_cast<Index>(kAlignment / sizeof(Scalar));
  return (count + unit - 1) / unit * unit;
}

/// Names the size of the allocation that failed.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::size_t bytes) {
    std::snprintf(text_, sizeof(text_), "out of memory: cannot allocate %.3g MiB",
                  static_cast<double>(bytes) / (1 << 20));
  }
  const char* what() const noexcept override { return text_; }

 private:
  char text_[96];
};

/// Frees the block of this alignment in which an array lies `offset` bytes from the start.
struct BlockDeleter {
  std::size_t alignment = kAlignment, offset = 0;
  void operator()(void* array) const {
    ::operator delete(static_cast<std::uint8_t*>(array) - offset, std::align_val_t(alignment));
  }
};

/// The arrays that one loop reads and writes together. A processor that compares the low 12 bits of
/// addresses delays a load from one array behind a store to another; arrays of different lanes
/// begin a quarter of these 4096 bytes apart.
enum class MemoryLane { values, gradients, first_slot, second_slot };

/// Owns one aligned, zeroed array.
template <class Scalar>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Index count) : Buffer(count, kAlignment, 0) {}
  Buffer(Index count, MemoryLane lane) : Buffer(count, kPage, kPage / 4 * std::size_t(lane)) {}

  Scalar* data() const { return data_.get(); }
  Span<Scalar> span() const { return {data_.get(), count_}; }
  Index size() const { return count_; }
  void zero() {
    if (data_)
      std::memset(static_cast<void*>(data_.get()), 0,
                  static_cast<std::size_t>(count_) * sizeof(Scalar));
  }

 private:
  static constexpr std::size_t kPage = 4096;

  Buffer(Index count, std::size_t alignment, std::size_t offset) : count_(count) {
    const auto bytes = static_cast<std::size_t>(aligned_count<Scalar>(count)) * sizeof(Scalar);
    if (bytes == 0) return;
    const std::size_t whole = offset + bytes;
    void* block = ::operator new(whole, std::align_val_t(alignment), std::nothrow);
    if (block == nullptr) throw OutOfMemory(whole);
    auto* array = reinterpret_cast<Scalar*>(static_cast<std::uint8_t*>(block) + offset);
    data_ = {array, BlockDeleter{alignment, offset}};
    zero();
  }

  std::unique_ptr<Scalar, BlockDeleter> data_;
  Index count_ = 0;
};

/// Allocates zeroed blocks that live as long as the workspace. Only planning calls it.
class Workspace {
 public:
  template <class Scalar, class... Where>
  Scalar* take(Index count, Where... where) {
    const Index bytes =
        aligned_count<std::uint8_t>(checked_product(count, static_cast<Index>(sizeof(Scalar))));
    blocks_.emplace_back(bytes, where...);
    bytes_ += bytes;
    return reinterpret_cast<Scalar*>(blocks_.back().data());
  }
  template <class Scalar>
  Span<Scalar> span(Index size) {
    return {take<Scalar>(size), size};
  }
  template <class Scalar>
  Tensor<Scalar> tensor(Index steps, Index batch, Index width) {
    return {take<Scalar>(checked_product(checked_product(steps, batch), width)), steps, batch,
            width};
  }
  Index bytes() const { return bytes_; }

 private:
  std::vector<Buffer<std::uint8_t>> blocks_;
  Index bytes_ = 0;
};

}  // namespace echocell
