#include "training/optimizers/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "numerics/sums.hpp"
#include "training/optimizers/adagrad.hpp"
#include "training/optimizers/adam.hpp"
#include "training/optimizers/clipping.hpp"
#include "training/optimizers/rmsprop.hpp"
#include "training/optimizers/sgd.hpp"

namespace echocell {

template <class Scalar>
Optimizer<Scalar>::Optimizer(const OptimizerOptions& options, Index count)
    : options_(options), learning_rate_(options.learning_rate), idle_(count) {
  check(options);
  for (const std::string& name : slot_names(options)) {
    slots_.emplace_back(count, slots_.empty() ? MemoryLane::first_slot : MemoryLane::second_slot);
    if (name == "accumulator") {
      std::fill_n(slots_.back().data(), count,
                  static_cast<Scalar>(options.initial_accumulator_value));
    }
  }
}

template <class Scalar>
void Optimizer<Scalar>::set_learning_rate(double learning_rate) {
  check_learning_rate(learning_rate);
  learning_rate_.store(learning_rate, std::memory_order_relaxed);
}

template <class Scalar>
bool Optimizer<Scalar>::same_kind(const OptimizerOptions& options) const {
  return options.kind == options_.kind && slot_names(options) == slot_names(options_);
}

template <class Scalar>
void Optimizer<Scalar>::set_options(const OptimizerOptions& options) {
  check(options);
  if (!same_kind(options)) throw std::invalid_argument("optimizer: options of another kind");
  options_ = options;
  set_learning_rate(options.learning_rate);
}

template <class Scalar>
void Optimizer<Scalar>::apply(Span<Scalar> values, Span<Scalar> gradients,
                              const std::vector<Segment>& segments) {
  if (clips()) clip(gradients, segments);
  const Rates<Scalar> rates = next_rates();
  if (rates.shrink != 0) idle_.wake_all();
  const auto update_run = [&](Index begin, Index end) {
    idle_.for_each_busy<Scalar>(gradients.const_array(), begin, end, [&](Index first, Index size) {
      update(rates, values.part(first, size).array(), gradients.part(first, size).const_array(),
             first);
    });
  };
  // One pass per run of trainable segments. The padding in between goes along: 0 stays 0.
  Index begin = 0;
  Index end = 0;
  for (const Segment& segment : segments) {
    if (segment.trainable) {
      if (begin == end) begin = segment.offset;
      end = aligned_count<Scalar>(segment.offset + segment.size);
    } else if (begin != end) {
      update_run(begin, end);
      begin = end;
    }
  }
  if (begin != end) update_run(begin, end);
  set_iterations(iterations() + 1);  // one writer: no need for an atomic increment
}

/// alpha is Adam's: learning rate * sqrt(1 - beta_2^t) / (1 - beta_1^t).
template <class Scalar>
Rates<Scalar> Optimizer<Scalar>::next_rates() {
  const OptimizerOptions& o = options_;
  const double rate = learning_rate() / (1 + o.decay * static_cast<double>(iterations()));
  double correction = 1;
  if (o.kind == OptimizerKind::adam || o.kind == OptimizerKind::adamw) {
    const std::int64_t t = iterations() + 1;
    correction = std::sqrt(1 - beta_2_to_.at(o.beta_2, t)) / (1 - beta_1_to_.at(o.beta_1, t));
  }
  return {static_cast<Scalar>(rate), static_cast<Scalar>(rate * o.weight_decay),
          static_cast<Scalar>(rate * correction)};
}

template <class Scalar>
void Optimizer<Scalar>::clip(Span<Scalar> gradients, const std::vector<Segment>& segments) const {
  const OptimizerOptions& o = options_;
  const auto for_each_trainable = [&](const auto& visit) {
    for (const Segment& segment : segments) {
      if (segment.trainable) visit(gradients.part(segment.offset, segment.size));
    }
  };
  const auto square = [](Span<Scalar> g) { return sum_of_squares<Scalar>(g.const_array()); };
  if (o.clipvalue > 0) {
    const Scalar limit = static_cast<Scalar>(o.clipvalue);
    for_each_trainable([&](Span<Scalar> g) { clip_values<Scalar>(g.array(), limit); });
  } else if (o.clipnorm > 0) {
    for_each_trainable([&](Span<Scalar> g) {
      scale_to_norm<Scalar>(g.array(), std::sqrt(square(g)), o.clipnorm);
    });
  } else if (o.global_clipnorm > 0) {
    double sum = 0;
    for_each_trainable([&](Span<Scalar> g) { sum += square(g); });
    for_each_trainable([&](Span<Scalar> g) {
      scale_to_norm<Scalar>(g.array(), std::sqrt(sum), o.global_clipnorm);
    });
  }
}

/// Updates the values from number `begin` of the arena on with their gradients.
template <class Scalar>
void Optimizer<Scalar>::update(const Rates<Scalar>& rates, ArrayView<Scalar> x,
                               const ConstArrayView<Scalar>& g, Index begin) {
  const OptimizerOptions& o = options_;
  const Scalar momentum = static_cast<Scalar>(o.momentum);
  // With epsilon 0, the smallest normal number keeps 0 / 0 from weights that have no gradient.
  const Scalar epsilon =
      std::max(static_cast<Scalar>(o.epsilon), std::numeric_limits<Scalar>::min());
  const ArrayView<Scalar> none(nullptr, 0);
  const auto slot = [&](std::size_t k) -> ArrayView<Scalar> {
    return slots_[k].span().part(begin, x.size()).array();
  };

  switch (o.kind) {
    case OptimizerKind::sgd:
      if (slots_.empty()) return sgd<Scalar>(rates, g, x);
      return sgd_with_momentum<Scalar>(rates, momentum, o.nesterov, g, x, slot(0));
    case OptimizerKind::rmsprop: {
      const bool moves = o.momentum > 0;
      const auto step =
          moves ? (o.centered ? rmsprop<true, true, Scalar> : rmsprop<true, false, Scalar>)
                : (o.centered ? rmsprop<false, true, Scalar> : rmsprop<false, false, Scalar>);
      return step(rates,
                  {static_cast<Scalar>(o.rho), static_cast<Scalar>(1 - o.rho), momentum, epsilon},
                  g, x, slot(0), moves ? slot(1) : none, o.centered ? slot(moves ? 2 : 1) : none);
    }
    case OptimizerKind::adam:
    case OptimizerKind::adamw: {
      const auto step = o.amsgrad ? adam<true, Scalar> : adam<false, Scalar>;
      return step(rates,
                  {static_cast<Scalar>(1 - o.beta_1), static_cast<Scalar>(1 - o.beta_2), epsilon},
                  g, x, slot(0), slot(1), o.amsgrad ? slot(2) : none);
    }
    case OptimizerKind::adagrad:
      return adagrad<Scalar>(rates, epsilon, g, x, slot(0));
  }
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace echocell
