// Enumerators cross the border as Keras's names.
#pragma once

#include <pybind11/pybind11.h>

#include "layers/wrappers/bidirectional.hpp"
#include "training/objective/losses.hpp"
#include "training/objective/metrics.hpp"
#include "training/optimizers/options.hpp"

namespace echocell {

inline constexpr KindName<Activation> kActivationNames[] = {
    {"linear", Activation::linear},
    {"tanh", Activation::tanh},
    {"sigmoid", Activation::sigmoid},
    {"hard_sigmoid", Activation::hard_sigmoid},
    {"relu", Activation::relu},
    {"softsign", Activation::softsign},
    {"elu", Activation::elu},
    {"softplus", Activation::softplus},
    {"bipolar_sigmoid", Activation::bipolar_sigmoid},
    {"bipolar_sigmoid_2", Activation::bipolar_sigmoid_2},
    {"softmax", Activation::softmax},
};

}  // namespace echocell

namespace pybind11::detail {

template <class Kind, const auto& kNames>
struct name_caster {
  PYBIND11_TYPE_CASTER(Kind, const_name("str"));
  bool load(handle source, bool) {
    if (!isinstance<str>(source)) return false;
    value = echocell::find_kind(kNames, source.cast<std::string>());
    return true;
  }
  static handle cast(Kind kind, return_value_policy, handle) {
    return str(echocell::name_of(kNames, kind)).release();
  }
};

template <>
struct type_caster<echocell::Activation>
    : name_caster<echocell::Activation, echocell::kActivationNames> {};
template <>
struct type_caster<echocell::MergeMode>
    : name_caster<echocell::MergeMode, echocell::kMergeModeNames> {};
template <>
struct type_caster<echocell::LossKind> : name_caster<echocell::LossKind, echocell::kLossNames> {};
template <>
struct type_caster<echocell::MetricKind>
    : name_caster<echocell::MetricKind, echocell::kMetricNames> {};
template <>
struct type_caster<echocell::OptimizerKind>
    : name_caster<echocell::OptimizerKind, echocell::kOptimizerNames> {};

}  // namespace pybind11::detail
