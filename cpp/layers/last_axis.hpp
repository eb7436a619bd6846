// The last axis of a sample, whose extent a Tensor does not hold, for layers that work along it.
#pragma once

#include <memory>

#include "layers/layer.hpp"

namespace echocell {

/// The cache of such a layer. Needs a sample of at least one axis.
struct LastAxis : Cache {
  explicit LastAxis(const Shape& sample) : cols(sample.back()) {}
  Index cols;  // numbers along the last axis

  template <class Scalar>
  static Index cols_of(const Pass<Scalar>& pass) {
    return static_cast<const LastAxis&>(*pass.cache).cols;
  }
};

}  // namespace echocell
