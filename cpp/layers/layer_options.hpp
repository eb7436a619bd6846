// The options of a layer: plain values, from which a network makes layers of its scalar type.
#pragma once

#include <memory>

#include "layers/layer.hpp"

namespace echocell {

struct LayerOptions {
  virtual ~LayerOptions() = default;
  virtual std::unique_ptr<Layer<float>> make_float() const = 0;
  virtual std::unique_ptr<Layer<double>> make_double() const = 0;
};

/// Derived is the options struct, LayerOf<Scalar> the layer, constructible from (const Derived&).
template <class Derived, template <class> class LayerOf>
struct MakesLayer : LayerOptions {
  std::unique_ptr<Layer<float>> make_float() const override { return make<float>(); }
  std::unique_ptr<Layer<double>> make_double() const override { return make<double>(); }

 private:
  template <class Scalar>
  std::unique_ptr<Layer<Scalar>> make() const {
    return std::make_unique<LayerOf<Scalar>>(static_cast<const Derived&>(*this));
  }
};

/// Makes the layer of scalar type Scalar that these options describe.
template <class Scalar>
std::unique_ptr<Layer<Scalar>> make_layer(const LayerOptions& options);
template <>
inline std::unique_ptr<Layer<float>> make_layer<float>(const LayerOptions& options) {
  return options.make_float();
}
template <>
inline std::unique_ptr<Layer<double>> make_layer<double>(const LayerOptions& options) {
  return options.make_double();
}

}  // namespace echocell
