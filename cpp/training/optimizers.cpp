#include "training/optimizers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "numerics/vector_math.hpp"
#include "training/kind_names.hpp"

namespace echocell {
namespace {

constexpr KindName<OptimizerKind> kOptimizerNames[] = {
    {"sgd", OptimizerKind::sgd},         {"rmsprop", OptimizerKind::rmsprop},
    {"adam", OptimizerKind::adam},       {"adamw", OptimizerKind::adamw},
    {"adagrad", OptimizerKind::adagrad},
};

void check_number(const char* name, double value) {
  if (std::isfinite(value) && value >= 0) return;
  throw std::invalid_argument("optimizer: expected " + std::string(name) +
                              " to be finite and not negative; received " + std::to_string(value));
}

void check(const OptimizerOptions& o) {
  check_number("learning_rate", o.learning_rate);
  check_number("momentum", o.momentum);
  check_number("rho", o.rho);
  check_number("beta_1", o.beta_1);
  check_number("beta_2", o.beta_2);
  check_number("epsilon", o.epsilon);
  check_number("initial_accumulator_value", o.initial_accumulator_value);
  check_number("weight_decay", o.weight_decay);
  check_number("decay", o.decay);
  check_number("clipnorm", o.clipnorm);
  check_number("clipvalue", o.clipvalue);
  check_number("global_clipnorm", o.global_clipnorm);
  if ((o.clipnorm > 0) + (o.clipvalue > 0) + (o.global_clipnorm > 0) > 1) {
    throw std::invalid_argument(
        "optimizer: expected at most one of clipnorm, clipvalue and global_clipnorm; received "
        "clipnorm=" +
        std::to_string(o.clipnorm) + ", clipvalue=" + std::to_string(o.clipvalue) +
        ", global_clipnorm=" + std::to_string(o.global_clipnorm));
  }
}

// -- Clipping

// In eight lanes, so that it is fast, and the order of the additions is always the same.
template <class S>
double sum_of_squares(const S* g, Index size) {
  constexpr Index kLanes = 8;
  double lanes[kLanes] = {};
  const auto square = [g](Index i) {
    return static_cast<double>(g[i]) * static_cast<double>(g[i]);
  };
  Index i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (Index k = 0; k < kLanes; ++k) lanes[k] += square(i + k);
  }
  for (; i < size; ++i) lanes[i % kLanes] += square(i);
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

// Scales gradients of that norm down to the limit. A norm that is not finite makes NaN of them all,
// so that it shows.
template <class S>
void scale_to_norm(S* g, Index size, double norm, double limit) {
  if (norm <= limit) return;
  const S scale = static_cast<S>(limit / norm + (norm - norm));
  for (Index i = 0; i < size; ++i) g[i] *= scale;
}

// -- The update rules: n numbers, x the values, g their gradients. shrink is learning rate times
// weight decay; the decay comes first, as in Keras. Branches are template arguments, so that each
// loop is one straight vector pass.

template <class S>
S decayed(S x, S shrink) {
  return x - x * shrink;
}

// x -= rate g
template <class S>
void sgd(Index n, S rate, S shrink, S* __restrict x, const S* __restrict g) {
  for (Index i = 0; i < n; ++i) x[i] = decayed(x[i], shrink) - g[i] * rate;
}

// m = momentum m - rate g;  x += m, or with Nesterov's look ahead momentum m - rate g
template <bool kNesterov, class S>
void sgd_momentum(Index n, S rate, S shrink, S momentum, S* __restrict x, const S* __restrict g,
                  S* __restrict m) {
  for (Index i = 0; i < n; ++i) {
    const S step = g[i] * rate;
    const S moved = m[i] * momentum - step;
    m[i] = moved;
    x[i] = decayed(x[i], shrink) + (kNesterov ? moved * momentum - step : moved);
  }
}

// v = rho v + (1 - rho) g^2;  a = rho a + (1 - rho) g where centered
// step = rate g / sqrt(v - a^2 + epsilon);  m = momentum m + step;  x -= m
template <bool kMomentum, bool kCentered, class S>
void rmsprop(Index n, S rate, S shrink, S rho, S rest, S momentum, S epsilon, S* __restrict x,
             const S* __restrict g, S* __restrict v, S* __restrict m, S* __restrict a) {
  for (Index i = 0; i < n; ++i) {
    v[i] = rho * v[i] + rest * (g[i] * g[i]);
    S variance = v[i];
    if constexpr (kCentered) {
      a[i] = rho * a[i] + rest * g[i];
      variance -= a[i] * a[i];
      // Rounding takes it below 0 where the gradient is large and steady.
      variance = variance < 0 ? S(0) : variance;
    }
    S step = rate * g[i] / std::sqrt(variance + epsilon);
    if constexpr (kMomentum) {
      m[i] = momentum * m[i] + step;
      step = m[i];
    }
    x[i] = decayed(x[i], shrink) - step;
  }
}

// m += (1 - beta_1) (g - m);  v += (1 - beta_2) (g^2 - v);  w = max(w, v) where amsgrad
// x -= alpha m / (sqrt(v) + epsilon)
template <bool kAmsgrad, bool kDecays, class S>
void adam(Index n, S alpha, S shrink, S rest_1, S rest_2, S epsilon, S* __restrict x,
          const S* __restrict g, S* __restrict m, S* __restrict v, S* __restrict w) {
  using simd::load;
  using simd::store;
  using V = simd::Vector<S>;
  const auto step = [=](const S* g_i, S* x_i, S* m_i, S* v_i, S* w_i) {
    const V gradient = load(g_i), m_before = load(m_i), v_before = load(v_i);
    const V mean = m_before + (gradient - m_before) * rest_1;
    V variance = v_before + (gradient * gradient - v_before) * rest_2;
    store(m_i, mean);
    store(v_i, variance);
    if constexpr (kAmsgrad) store(w_i, variance = simd::max<S>(load(w_i), variance));
    V value = load(x_i);
    if constexpr (kDecays) value -= value * shrink;
    store(x_i, value - simd::divide_by_root<S>(mean * alpha, variance, epsilon));
  };
  Index i = 0;
  for (; i + simd::kLanes<S> <= n; i += simd::kLanes<S>) {
    step(g + i, x + i, m + i, v + i, kAmsgrad ? w + i : nullptr);
  }
  if (i == n) return;
  // The rest, in a vector padded with zeros.
  S rest[5][simd::kLanes<S>] = {};
  S* const arrays[] = {x + i, m + i, v + i, kAmsgrad ? w + i : rest[4]};
  std::copy_n(g + i, n - i, rest[0]);
  for (int k = 0; k < 4; ++k) std::copy_n(arrays[k], n - i, rest[k + 1]);
  step(rest[0], rest[1], rest[2], rest[3], rest[4]);
  for (int k = 0; k < 4; ++k) std::copy_n(rest[k + 1], n - i, arrays[k]);
}

// s += g^2;  x -= rate g / sqrt(s + epsilon)
template <class S>
void adagrad(Index n, S rate, S shrink, S epsilon, S* __restrict x, const S* __restrict g,
             S* __restrict s) {
  for (Index i = 0; i < n; ++i) {
    s[i] += g[i] * g[i];
    x[i] = decayed(x[i], shrink) - rate * g[i] / std::sqrt(s[i] + epsilon);
  }
}

}  // namespace

OptimizerKind optimizer_kind(const std::string& name) {
  return find_kind(kOptimizerNames, "optimizer", name);
}

std::vector<std::string> slot_names(const OptimizerOptions& options) {
  std::vector<std::string> names;
  switch (options.kind) {
    case OptimizerKind::sgd:
      if (options.momentum > 0) names = {"momentum"};
      break;
    case OptimizerKind::rmsprop:
      names = {"velocity"};
      if (options.momentum > 0) names.emplace_back("momentum");
      if (options.centered) names.emplace_back("average_gradient");
      break;
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      names = {"momentum", "velocity"};
      if (options.amsgrad) names.emplace_back("velocity_hat");
      break;
    case OptimizerKind::adagrad:
      names = {"accumulator"};
      break;
  }
  return names;
}

template <class S>
Optimizer<S>::Optimizer(const OptimizerOptions& options, Index count)
    : options_(options), learning_rate_(options.learning_rate), idle_(count) {
  check(options);
  for (const std::string& name : slot_names(options)) {
    slots_.emplace_back(count, slots_.empty() ? MemoryLane::first_slot : MemoryLane::second_slot);
    if (name == "accumulator") {
      std::fill_n(slots_.back().data(), count, static_cast<S>(options.initial_accumulator_value));
    }
  }
}

template <class S>
void Optimizer<S>::set_learning_rate(double learning_rate) {
  check_number("learning_rate", learning_rate);
  learning_rate_.store(learning_rate, std::memory_order_relaxed);
}

template <class S>
bool Optimizer<S>::same_kind(const OptimizerOptions& options) const {
  return options.kind == options_.kind && slot_names(options) == slot_names(options_);
}

template <class S>
void Optimizer<S>::set_options(const OptimizerOptions& options) {
  check(options);
  if (!same_kind(options)) throw std::invalid_argument("optimizer: options of another kind");
  options_ = options;
  set_learning_rate(options.learning_rate);
}

template <class S>
void Optimizer<S>::apply(S* values, S* gradients, const std::vector<Segment>& segments) {
  if (clips()) clip(gradients, segments);
  const Rates rates = next_rates();
  if (rates.shrink != 0) idle_.wake_all();
  const auto update_run = [&](Index begin, Index end) {
    idle_.for_each_busy(gradients, begin, end, [&](Index first, Index size) {
      update(rates, values, gradients, first, size);
    });
  };
  // One pass per run of trainable segments. The padding in between goes along: 0 stays 0.
  Index begin = 0;
  Index end = 0;
  for (const Segment& segment : segments) {
    if (segment.trainable) {
      if (begin == end) begin = segment.offset;
      end = segment.offset + segment.size;
    } else if (begin != end) {
      update_run(begin, end);
      begin = end;
    }
  }
  if (begin != end) update_run(begin, end);
  set_iterations(iterations() + 1);  // one writer: no need for an atomic increment
}

/// alpha is Adam's: learning rate * sqrt(1 - beta_2^t) / (1 - beta_1^t).
template <class S>
typename Optimizer<S>::Rates Optimizer<S>::next_rates() {
  const OptimizerOptions& o = options_;
  const double rate = learning_rate() / (1 + o.decay * static_cast<double>(iterations()));
  double correction = 1;
  if (o.kind == OptimizerKind::adam || o.kind == OptimizerKind::adamw) {
    const std::int64_t t = iterations() + 1;
    correction = std::sqrt(1 - beta_2_to_.at(o.beta_2, t)) / (1 - beta_1_to_.at(o.beta_1, t));
  }
  return {static_cast<S>(rate), static_cast<S>(rate * o.weight_decay),
          static_cast<S>(rate * correction)};
}

template <class S>
void Optimizer<S>::clip(S* gradients, const std::vector<Segment>& segments) const {
  const OptimizerOptions& o = options_;
  double global_square = 0;
  for (const Segment& segment : segments) {
    if (!segment.trainable) continue;
    S* g = gradients + segment.offset;
    if (o.clipnorm > 0) {
      const double norm = std::sqrt(sum_of_squares(g, segment.size));
      scale_to_norm(g, segment.size, norm, o.clipnorm);
    } else if (o.global_clipnorm > 0) {
      global_square += sum_of_squares(g, segment.size);
    } else if (o.clipvalue > 0) {
      const auto limit = static_cast<S>(o.clipvalue);
      for (Index i = 0; i < segment.size; ++i) g[i] = std::min(std::max(g[i], -limit), limit);
    }
  }
  if (!(o.global_clipnorm > 0)) return;
  const double norm = std::sqrt(global_square);
  for (const Segment& segment : segments) {
    if (!segment.trainable) continue;
    scale_to_norm(gradients + segment.offset, segment.size, norm, o.global_clipnorm);
  }
}

template <class S>
void Optimizer<S>::update(const Rates& rates, S* values, const S* gradients, Index begin,
                          Index size) {
  const OptimizerOptions& o = options_;
  const S rate = rates.rate, shrink = rates.shrink;
  const S momentum = static_cast<S>(o.momentum);
  // With epsilon 0, the smallest normal number keeps 0 / 0 from weights that have no gradient.
  const S epsilon = std::max(static_cast<S>(o.epsilon), std::numeric_limits<S>::min());
  S* x = values + begin;
  const S* g = gradients + begin;
  const auto slot = [&](std::size_t k) { return slots_[k].data() + begin; };

  switch (o.kind) {
    case OptimizerKind::sgd: {
      if (slots_.empty()) return sgd(size, rate, shrink, x, g);
      const auto step = o.nesterov ? sgd_momentum<true, S> : sgd_momentum<false, S>;
      return step(size, rate, shrink, momentum, x, g, slot(0));
    }
    case OptimizerKind::rmsprop: {
      const S rho = static_cast<S>(o.rho);
      const S rest = static_cast<S>(1 - o.rho);
      const bool moves = o.momentum > 0;
      S* v = slot(0);
      S* m = moves ? slot(1) : nullptr;
      S* a = o.centered ? slot(moves ? 2 : 1) : nullptr;
      const auto step = moves ? (o.centered ? rmsprop<true, true, S> : rmsprop<true, false, S>)
                              : (o.centered ? rmsprop<false, true, S> : rmsprop<false, false, S>);
      return step(size, rate, shrink, rho, rest, momentum, epsilon, x, g, v, m, a);
    }
    case OptimizerKind::adam:
    case OptimizerKind::adamw: {
      const S rest_1 = static_cast<S>(1 - o.beta_1);
      const S rest_2 = static_cast<S>(1 - o.beta_2);
      S* w = o.amsgrad ? slot(2) : nullptr;
      const bool decays = shrink != 0;
      const auto step = o.amsgrad ? (decays ? adam<true, true, S> : adam<true, false, S>)
                                  : (decays ? adam<false, true, S> : adam<false, false, S>);
      return step(size, rates.alpha, shrink, rest_1, rest_2, epsilon, x, g, slot(0), slot(1), w);
    }
    case OptimizerKind::adagrad:
      return adagrad(size, rate, shrink, epsilon, x, g, slot(0));
  }
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace echocell
