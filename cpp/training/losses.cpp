#include "training/losses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "training/kind_names.hpp"

namespace echocell {
namespace {

constexpr KindName<LossKind> kLossNames[] = {
    {"categorical_crossentropy", LossKind::categorical_crossentropy},
    {"sparse_categorical_crossentropy", LossKind::sparse_categorical_crossentropy},
    {"binary_crossentropy", LossKind::binary_crossentropy},
    {"mean_squared_error", LossKind::mean_squared_error},
    {"mean_absolute_error", LossKind::mean_absolute_error},
    {"huber", LossKind::huber},
};

// Keras's backend.epsilon(): probabilities are kept this far from 0 and 1.
constexpr double kClip = 1e-7;

template <class S>
struct Clip {
  S low = static_cast<S>(kClip);
  S high = static_cast<S>(1 - kClip);
  S operator()(S p) const { return std::min(std::max(p, low), high); }
  bool inside(S p) const { return p >= low && p <= high; }
};

// -- Targets of one row: t(c) is the target of column c.

// scale * target + shift: label smoothing is an affine map.
template <class S>
struct DenseTarget {
  const S* data;
  S scale;
  S shift;
  S operator()(Index c) const { return data[c] * scale + shift; }
};

// The row of zeros with a 1 at a class index. Conversion of an index out of range to an integer
// would be undefined, and so would NaN; both stand for no class.
template <class S>
struct SparseTarget {
  Index index;
  SparseTarget(S target, Index width)
      : index(target >= 0 && target < static_cast<S>(width) ? static_cast<Index>(target) : -1) {}
  S operator()(Index c) const { return c == index ? S(1) : S(0); }
};

/// The sum of term(0 .. n - 1): of many in lanes, so that additions need not wait for each other.
template <class S, class Term>
S sum_over(Index n, const Term& term) {
  constexpr Index kLanes = 16;
  S lanes[kLanes] = {};
  Index k = 0;
  for (; k + kLanes <= n; k += kLanes) {
    for (Index j = 0; j < kLanes; ++j) lanes[j] += term(k + j);
  }
  for (Index half = k > 0 ? kLanes / 2 : 0; half > 0; half /= 2) {
    for (Index j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  S sum = lanes[0];
  for (; k < n; ++k) sum += term(k);
  return sum;
}

/// The mean of term(0 .. n - 1): finite where all of them are, whatever their sum is.
template <class S, class Term>
S mean_over(Index n, const Term& term) {
  const S count = static_cast<S>(n), sum = sum_over<S>(n, term);
  if (std::isfinite(sum)) return sum / count;
  return sum_over<S>(n, [&](Index k) { return term(k) / count; });
}

template <class S, class Target>
S sum_of(const Target& target, Index width) {
  return sum_over<S>(width, target);
}
template <class S>
S sum_of(const SparseTarget<S>& target, Index) {
  return target.index < 0 ? S(0) : S(1);
}

// -- Categorical cross-entropy of one row: -sum_c t(c) log p(c).

// p = softmax(z): log p(c) = (z[c] - top) - log(sum exp(z - top)), top the largest. A difference
// beyond the largest number counts as that number, for infinity times a target of 0 would be NaN.
template <class S>
struct CategoricalLogits {
  template <class Target>
  static S value(const S* z, const Target& target, Index width) {
    const S top = largest(z, width);
    return value(z, target, width, top, exp_shifted<S>(z, width, top, nullptr));
  }

  // dz(c) = p(c) sum(t) - t(c)
  template <class Target>
  static S value_and_gradient(const S* z, const Target& target, Index width, S weight, S* dz) {
    const S top = largest(z, width);
    const S sum = exp_shifted(z, width, top, dz);
    const S factor = sum_of<S>(target, width) / sum;
    for (Index c = 0; c < width; ++c) dz[c] = weight * (dz[c] * factor - target(c));
    return value(z, target, width, top, sum);
  }

 private:
  template <class Target>
  static S value(const S* z, const Target& target, Index width, S top, S sum) {
    const S log_sum = std::log(sum);
    return sum_over<S>(width, [&](Index c) { return target(c) * (log_sum - below(top, z[c])); });
  }
  static S value(const S* z, const SparseTarget<S>& target, Index, S top, S sum) {
    return target.index < 0 ? S(0) : std::log(sum) - below(top, z[target.index]);
  }
  static S below(S top, S z) { return std::max(z - top, std::numeric_limits<S>::lowest()); }
};

// p = clip(y / sum(y)), as Keras has it. A row that sums to 0 has no probabilities: it counts as
// clipped from 0, where Keras would make NaN of it.
template <class S>
struct CategoricalProbabilities {
  static S inverse_sum(const S* y, Index width) {
    S sum = 0;
    for (Index c = 0; c < width; ++c) sum += y[c];
    return sum == 0 ? S(0) : S(1) / sum;
  }

  template <class Target>
  static S value(const S* y, const Target& target, Index width) {
    const Clip<S> clip;
    const S scale = inverse_sum(y, width);
    double sum = 0;
    for (Index c = 0; c < width; ++c) {
      const S t = target(c);
      if (t != 0) sum -= static_cast<double>(t * std::log(clip(y[c] * scale)));
    }
    return static_cast<S>(sum);
  }

  // dp(c) = -t(c) / p(c) where p is not clipped; dy(c) = (dp(c) - sum(dp y / sum(y))) / sum(y),
  // in which every term of the inner sum is -t(c).
  template <class Target>
  static S value_and_gradient(const S* y, const Target& target, Index width, S weight, S* dy) {
    const Clip<S> clip;
    const S scale = inverse_sum(y, width);
    S inner = 0;
    for (Index c = 0; c < width; ++c) {
      const S p = y[c] * scale;
      const S t = clip.inside(p) ? target(c) : S(0);
      dy[c] = -t / clip(p);
      inner -= t;
    }
    for (Index c = 0; c < width; ++c) dy[c] = weight * ((dy[c] - inner) * scale);
    return value(y, target, width);
  }
};

// -- Losses that are means over columns: of one column, y or z against t.

// With p = sigmoid(z): t softplus(-z) + (1 - t) softplus(z), nothing of which cancels.
template <class S>
struct BinaryLogits {
  S value(S z, S t) const { return std::log1p(small_exp(z)) + linear(z, t); }
  S derivative(S z, S t) const {
    const S e = small_exp(z);
    return (z >= 0 ? S(1) : e) / (S(1) + e) - t;
  }

 private:
  static S small_exp(S z) { return std::exp(-std::abs(z)); }
  static S linear(S z, S t) { return t * std::max(-z, S(0)) + (S(1) - t) * std::max(z, S(0)); }
};

template <class S>
struct BinaryProbabilities {
  Clip<S> clip;
  S value(S y, S t) const {
    const S p = clip(y);
    return -(t * std::log(p) + (S(1) - t) * std::log(S(1) - p));
  }
  S derivative(S y, S t) const {
    if (!clip.inside(y)) return 0;
    return (S(1) - t) / (S(1) - y) - t / y;
  }
};

template <class S>
struct Squared {
  S value(S y, S t) const { return (y - t) * (y - t); }
  S derivative(S y, S t) const { return S(2) * (y - t); }
};

template <class S>
struct Absolute {
  S value(S y, S t) const { return std::abs(y - t); }
  S derivative(S y, S t) const { return static_cast<S>((y > t) - (y < t)); }
};

template <class S>
struct Huber {
  S delta;
  S value(S y, S t) const {
    const S error = std::abs(y - t);
    return error <= delta ? S(0.5) * error * error : delta * error - S(0.5) * delta * delta;
  }
  S derivative(S y, S t) const { return std::min(std::max(y - t, -delta), delta); }
};

template <class S, class Column>
struct MeanOverColumns {
  Column column;

  template <class Target>
  S value(const S* y, const Target& target, Index width) const {
    return mean_over<S>(width, [&](Index c) { return column.value(y[c], target(c)); });
  }

  template <class Target>
  S value_and_gradient(const S* y, const Target& target, Index width, S weight, S* dy) const {
    const S scale = weight / static_cast<S>(width);
    return mean_over<S>(width, [&](Index c) {
      const S t = target(c);
      dy[c] = scale * column.derivative(y[c], t);
      return column.value(y[c], t);
    });
  }
};

// -- Which of them

// Calls visit(row_loss, target_of_row), where target_of_row(r) is the target of row r.
template <class S, class Visit>
void choose(const LossOptions& options, OutputKind kind, const S* target, Index width,
            const Visit& visit) {
  const bool logits = options.from_logits || kind != OutputKind::values;
  const bool categorical = options.kind == LossKind::categorical_crossentropy;
  const bool smooth = categorical || options.kind == LossKind::binary_crossentropy;
  const double smoothing = smooth ? options.label_smoothing : 0;
  const S scale = static_cast<S>(1 - smoothing);
  const S shift = static_cast<S>(smoothing / (categorical ? static_cast<double>(width) : 2.0));
  const auto dense = [=](Index r) { return DenseTarget<S>{target + r * width, scale, shift}; };
  const auto sparse = [=](Index r) { return SparseTarget<S>(target[r], width); };
  switch (options.kind) {
    case LossKind::categorical_crossentropy:
      if (logits) return visit(CategoricalLogits<S>{}, dense);
      return visit(CategoricalProbabilities<S>{}, dense);
    case LossKind::sparse_categorical_crossentropy:
      if (logits) return visit(CategoricalLogits<S>{}, sparse);
      return visit(CategoricalProbabilities<S>{}, sparse);
    case LossKind::binary_crossentropy:
      if (logits) return visit(MeanOverColumns<S, BinaryLogits<S>>{}, dense);
      return visit(MeanOverColumns<S, BinaryProbabilities<S>>{}, dense);
    case LossKind::mean_squared_error:
      return visit(MeanOverColumns<S, Squared<S>>{}, dense);
    case LossKind::mean_absolute_error:
      return visit(MeanOverColumns<S, Absolute<S>>{}, dense);
    case LossKind::huber:
      return visit(MeanOverColumns<S, Huber<S>>{{static_cast<S>(options.delta)}}, dense);
  }
}

}  // namespace

LossKind loss_kind(const std::string& name) { return find_kind(kLossNames, "loss", name); }

OutputKind fusable(const LossOptions& options, Activation last) {
  if (options.from_logits) return OutputKind::values;
  const bool binary = options.kind == LossKind::binary_crossentropy;
  const bool categorical = options.kind == LossKind::categorical_crossentropy ||
                           options.kind == LossKind::sparse_categorical_crossentropy;
  if (categorical && last == Activation::softmax) return OutputKind::logits_of_softmax;
  if (binary && last == Activation::sigmoid) return OutputKind::logits_of_sigmoid;
  return OutputKind::values;
}

bool sparse_targets(LossKind kind) { return kind == LossKind::sparse_categorical_crossentropy; }

Index target_width(LossKind kind, Index output_width) {
  return sparse_targets(kind) ? 1 : output_width;
}

template <class S>
void loss_rows(const LossOptions& options, OutputKind output_kind, const S* output, const S* target,
               Index rows, Index width, S* values) {
  choose<S>(options, output_kind, target, width, [=](const auto& loss, const auto& target_of_row) {
    for (Index r = 0; r < rows; ++r) {
      values[r] = loss.value(output + r * width, target_of_row(r), width);
    }
  });
}

template <class S>
void loss_and_gradient_rows(const LossOptions& options, OutputKind output_kind, const S* output,
                            const S* target, Index rows, Index width, const S* weights, S scale,
                            S* values, S* gradient) {
  choose<S>(options, output_kind, target, width, [=](const auto& loss, const auto& target_of_row) {
    for (Index r = 0; r < rows; ++r) {
      S* row = gradient + r * width;
      values[r] = 0;
      if (weights[r] == 0) {
        std::fill_n(row, width, S(0));
      } else {
        values[r] = loss.value_and_gradient(output + r * width, target_of_row(r), width,
                                            weights[r] * scale, row);
      }
    }
  });
}

#define ECHOCELL_INSTANTIATE(S)                                                                \
  template void loss_rows<S>(const LossOptions&, OutputKind, const S*, const S*, Index, Index, \
                             S*);                                                              \
  template void loss_and_gradient_rows<S>(const LossOptions&, OutputKind, const S*, const S*,  \
                                          Index, Index, const S*, S, S*, S*);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
