#include "training/objective/losses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "numerics/packet_math.hpp"
#include "training/objective/kind_names.hpp"

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

template <class Scalar>
constexpr Scalar kLow = static_cast<Scalar>(kClip);
template <class Scalar>
constexpr Scalar kHigh = static_cast<Scalar>(1 - kClip);

/// 1 where clipping leaves p as it is, else 0.
template <class P>
auto inside(const P& p) {
  using Scalar = typename P::Scalar;
  return (p >= kLow<Scalar> && p <= kHigh<Scalar>).template cast<Scalar>();
}

template <class Scalar>
using Row = ConstArrayView<Scalar>;

// -- Targets of one row

/// t = scale * target + shift: label smoothing is an affine map.
template <class Scalar>
struct DenseTarget {
  Row<Scalar> given;
  Scalar scale, shift;

  auto values() const { return given * scale + shift; }
  Scalar sum() const { return values().sum(); }
};

/// The row of zeros with a 1 at a class index. Conversion of an index out of range to an integer
/// would be undefined, and so would NaN; both stand for no class.
template <class Scalar>
struct SparseTarget {
  Index index;
  SparseTarget(Scalar target, Index width)
      : index(target >= 0 && target < static_cast<Scalar>(width) ? static_cast<Index>(target)
                                                                 : -1) {}
};

// -- Categorical cross-entropy of one row: -sum_c t(c) log p(c).

/// p = softmax(z): log p = (z - top) - log(sum exp(z - top)), top the largest of z. A difference
/// beyond the largest number counts as that number, for infinity times a target of 0 would be NaN.
template <class Scalar>
struct CategoricalLogits {
  template <class Target>
  static Scalar value(const Row<Scalar>& z, const Target& target) {
    const Scalar top = z.maxCoeff();
    return value(z, target, top, exp_shifted<Scalar>(z.data(), z.size(), top, nullptr));
  }

  /// dz = p sum(t) - t
  template <class Target>
  static Scalar value_and_gradient(const Row<Scalar>& z, const Target& target, Scalar weight,
                                   ArrayView<Scalar> dz) {
    const Scalar top = z.maxCoeff();
    const Scalar sum = exp_shifted(z.data(), z.size(), top, dz.data());
    set_gradient(target, sum, weight, dz);
    return value(z, target, top, sum);
  }

 private:
  static Scalar value(const Row<Scalar>& z, const DenseTarget<Scalar>& target, Scalar top,
                      Scalar sum) {
    const Scalar log_sum = std::log(sum);
    return (target.values() * (log_sum - (z - top).max(kLowest))).sum();
  }
  static Scalar value(const Row<Scalar>& z, const SparseTarget<Scalar>& target, Scalar top,
                      Scalar sum) {
    return target.index < 0 ? Scalar(0) : std::log(sum) - std::max(z[target.index] - top, kLowest);
  }
  static void set_gradient(const DenseTarget<Scalar>& target, Scalar sum, Scalar weight,
                           ArrayView<Scalar> dz) {
    dz = weight * (dz * (target.sum() / sum) - target.values());
  }
  static void set_gradient(const SparseTarget<Scalar>& target, Scalar sum, Scalar weight,
                           ArrayView<Scalar> dz) {
    if (target.index < 0) {
      dz.setZero();
      return;
    }
    dz *= weight / sum;
    dz[target.index] -= weight;
  }

  static constexpr Scalar kLowest = std::numeric_limits<Scalar>::lowest();
};

/// p = clip(y / sum(y)), as Keras has it. A row that sums to 0 has no probabilities: it counts as
/// clipped from 0, where Keras would make NaN of it.
template <class Scalar>
struct CategoricalProbabilities {
  static Scalar value(const Row<Scalar>& y, const DenseTarget<Scalar>& target) {
    return -(target.values() * (y * inverse_sum(y)).max(kLow<Scalar>).min(kHigh<Scalar>).log())
                .sum();
  }
  static Scalar value(const Row<Scalar>& y, const SparseTarget<Scalar>& target) {
    if (target.index < 0) return 0;
    return -std::log(clip(y[target.index] * inverse_sum(y)));
  }

  /// dp = -t / p where p is not clipped; dy = (dp - sum(dp y / sum(y))) / sum(y), in which every
  /// term of the inner sum is -t.
  static Scalar value_and_gradient(const Row<Scalar>& y, const DenseTarget<Scalar>& target,
                                   Scalar weight, ArrayView<Scalar> dy) {
    const Scalar scale = inverse_sum(y);
    dy = y * scale;
    const Scalar counted = (target.values() * inside(dy)).sum();
    dy = weight * scale * (counted - target.values() * inside(dy) / dy.max(kLow<Scalar>));
    return value(y, target);
  }
  static Scalar value_and_gradient(const Row<Scalar>& y, const SparseTarget<Scalar>& target,
                                   Scalar weight, ArrayView<Scalar> dy) {
    dy.setZero();
    if (target.index < 0) return 0;
    const Scalar scale = inverse_sum(y), p = y[target.index] * scale;
    if (clip(p) == p) {
      dy.setConstant(weight * scale);
      dy[target.index] -= weight * scale / p;
    }
    return value(y, target);
  }

 private:
  static Scalar clip(Scalar p) { return std::min(std::max(p, kLow<Scalar>), kHigh<Scalar>); }
  static Scalar inverse_sum(const Row<Scalar>& y) {
    const Scalar sum =
        (y + Scalar(0)).sum();  // an expression is summed in the same order wherever y lies
    return sum == 0 ? Scalar(0) : Scalar(1) / sum;
  }
};

// -- Losses that are means over columns, of packets of columns: y or z against t.

/// With p = sigmoid(z): t softplus(-z) + (1 - t) softplus(z), nothing of which cancels.
struct BinaryLogits {
  template <class V>
  V value(const V& z, const V& t) const {
    using Scalar = typename V::Scalar;
    const V e = exp<V>(-z.abs());
    return e.log1p() + t * (-z).max(Scalar(0)) + (Scalar(1) - t) * z.max(Scalar(0));
  }
  template <class V>
  V derivative(const V& z, const V& t) const {
    return sigmoid(z) - t;
  }
};

struct BinaryProbabilities {
  template <class V>
  V value(const V& y, const V& t) const {
    using Scalar = typename V::Scalar;
    const V p = y.max(kLow<Scalar>).min(kHigh<Scalar>);
    return -(t * p.log() + (Scalar(1) - t) * (Scalar(1) - p).log());
  }
  template <class V>
  V derivative(const V& y, const V& t) const {
    using Scalar = typename V::Scalar;
    const V p = y.max(kLow<Scalar>).min(kHigh<Scalar>);
    return inside(y) * ((Scalar(1) - t) / (Scalar(1) - p) - t / p);
  }
};

struct Squared {
  template <class V>
  V value(const V& y, const V& t) const {
    return (y - t).square();
  }
  template <class V>
  V derivative(const V& y, const V& t) const {
    return typename V::Scalar(2) * (y - t);
  }
};

struct Absolute {
  template <class V>
  V value(const V& y, const V& t) const {
    return (y - t).abs();
  }
  template <class V>
  V derivative(const V& y, const V& t) const {
    return (y - t).sign();
  }
};

/// With q = min(|y - t|, delta): q (|y - t| - q / 2).
template <class Scalar>
struct Huber {
  Scalar delta;
  template <class V>
  V value(const V& y, const V& t) const {
    const V error = (y - t).abs(), q = error.min(delta);
    return q * (error - Scalar(0.5) * q);
  }
  template <class V>
  V derivative(const V& y, const V& t) const {
    return (y - t).min(delta).max(-delta);
  }
};

template <class Scalar, class Column>
struct MeanOverColumns {
  using V = Packet<Scalar>;
  Column column;

  Scalar value(const Row<Scalar>& y, const DenseTarget<Scalar>& target) const {
    return mean(y.size(), [&](Index k, Index count) -> V {
      return column.value(load_some<V>(y.data() + k, count), targets(target, k, count));
    });
  }

  Scalar value_and_gradient(const Row<Scalar>& y, const DenseTarget<Scalar>& target, Scalar weight,
                            ArrayView<Scalar> dy) const {
    const Scalar scale = weight / static_cast<Scalar>(y.size());
    for_each_packet(y.size(), [&](Index k, Index count) {
      const V output = load_some<V>(y.data() + k, count), t = targets(target, k, count);
      store_some<V>(dy.data() + k, scale * column.derivative(output, t), count);
    });
    return value(y, target);
  }

 private:
  static V targets(const DenseTarget<Scalar>& target, Index k, Index count) {
    return load_some<V>(target.given.data() + k, count) * target.scale + target.shift;
  }
  template <class Visit>
  static void for_each_packet(Index n, const Visit& visit) {
    for (Index k = 0; k < n; k += kLanes<Scalar>) visit(k, std::min(kLanes<Scalar>, n - k));
  }
  /// The mean of n terms that come in packets: finite where all of them are, whatever their sum is.
  template <class Terms>
  static Scalar mean(Index n, const Terms& terms) {
    const Scalar count = static_cast<Scalar>(n), sum = sum_of(n, terms);
    if (std::isfinite(sum)) return sum / count;
    return sum_of(n, [&](Index k, Index left) -> V { return terms(k, left) / count; });
  }
  template <class Terms>
  static Scalar sum_of(Index n, const Terms& terms) {
    V sums = V::Zero();
    for_each_packet(n, [&](Index k, Index count) {
      V terms_here = terms(k, count);
      for (int lane = 0; lane < int(kLanes<Scalar>); ++lane) {
        if (lane >= count) terms_here[lane] = Scalar(0);
      }
      sums += terms_here;
    });
    return sums.sum();
  }
};

// -- Which of them

// Calls visit(row_loss, target_of_row), where target_of_row(r) is the target of row r.
template <class Scalar, class Visit>
void choose(const LossOptions& options, OutputKind kind, const Scalar* target, Index width,
            const Visit& visit) {
  const bool logits = options.from_logits || kind != OutputKind::values;
  const bool categorical = options.kind == LossKind::categorical_crossentropy;
  const bool smooth = categorical || options.kind == LossKind::binary_crossentropy;
  const double smoothing = smooth ? options.label_smoothing : 0;
  const Scalar scale = static_cast<Scalar>(1 - smoothing);
  const Scalar shift =
      static_cast<Scalar>(smoothing / (categorical ? static_cast<double>(width) : 2.0));
  const auto dense = [=](Index r) {
    return DenseTarget<Scalar>{{target + r * width, width}, scale, shift};
  };
  const auto sparse = [=](Index r) { return SparseTarget<Scalar>(target[r], width); };
  switch (options.kind) {
    case LossKind::categorical_crossentropy:
      if (logits) return visit(CategoricalLogits<Scalar>{}, dense);
      return visit(CategoricalProbabilities<Scalar>{}, dense);
    case LossKind::sparse_categorical_crossentropy:
      if (logits) return visit(CategoricalLogits<Scalar>{}, sparse);
      return visit(CategoricalProbabilities<Scalar>{}, sparse);
    case LossKind::binary_crossentropy:
      if (logits) return visit(MeanOverColumns<Scalar, BinaryLogits>{}, dense);
      return visit(MeanOverColumns<Scalar, BinaryProbabilities>{}, dense);
    case LossKind::mean_squared_error:
      return visit(MeanOverColumns<Scalar, Squared>{}, dense);
    case LossKind::mean_absolute_error:
      return visit(MeanOverColumns<Scalar, Absolute>{}, dense);
    case LossKind::huber:
      return visit(MeanOverColumns<Scalar, Huber<Scalar>>{{static_cast<Scalar>(options.delta)}},
                   dense);
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

template <class Scalar>
void loss_rows(const LossOptions& options, OutputKind output_kind, const Scalar* output,
               const Scalar* target, Index rows, Index width, Scalar* values) {
  choose<Scalar>(
      options, output_kind, target, width, [=](const auto& loss, const auto& target_of_row) {
        for (Index r = 0; r < rows; ++r) {
          values[r] = loss.value(Row<Scalar>(output + r * width, width), target_of_row(r));
        }
      });
}

template <class Scalar>
void loss_and_gradient_rows(const LossOptions& options, OutputKind output_kind,
                            const Scalar* output, const Scalar* target, Index rows, Index width,
                            const Scalar* weights, Scalar scale, Scalar* values, Scalar* gradient) {
  choose<Scalar>(
      options, output_kind, target, width, [=](const auto& loss, const auto& target_of_row) {
        for (Index r = 0; r < rows; ++r) {
          ArrayView<Scalar> row(gradient + r * width, width);
          values[r] = 0;
          if (weights[r] == 0) {
            row.setZero();
          } else {
            values[r] = loss.value_and_gradient(Row<Scalar>(output + r * width, width),
                                                target_of_row(r), weights[r] * scale, row);
          }
        }
      });
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                               \
  template void loss_rows<Scalar>(const LossOptions&, OutputKind, const Scalar*, const Scalar*,    \
                                  Index, Index, Scalar*);                                          \
  template void loss_and_gradient_rows<Scalar>(const LossOptions&, OutputKind, const Scalar*,      \
                                               const Scalar*, Index, Index, const Scalar*, Scalar, \
                                               Scalar*, Scalar*);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
