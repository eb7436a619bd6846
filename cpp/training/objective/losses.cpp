#include "training/objective/losses.hpp"

#include <cmath>
#include <limits>

#include "numerics/packet_loops.hpp"
#include "numerics/packet_math.hpp"

namespace echocell {
namespace {

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

// -- Targets t of one row

/// t = scale * given + shift: label smoothing is an affine map.
template <class Scalar>
struct DenseTarget {
  Row<Scalar> given;
  Scalar scale, shift;

  auto values() const { return given * scale + shift; }
  Scalar sum() const { return values().sum(); }
  /// sum_c t(c) f(c)
  template <class F>
  Scalar dot(const F& f) const {
    return (values() * f).sum();
  }
  /// to = weight (a - t b)
  template <class A, class B>
  void assign_difference(ArrayView<Scalar> to, Scalar weight, const A& a, const B& b) const {
    to = weight * (a - values() * b);
  }
};

/// Zeros, with a 1 at a class index; with an index of -1 zeros alone.
template <class Scalar>
struct SparseTarget {
  Index index;

  Scalar sum() const { return Scalar(index >= 0); }
  template <class F>
  Scalar dot(const F& f) const {
    return index < 0 ? Scalar(0) : f.coeff(index);
  }
  template <class A, class B>
  void assign_difference(ArrayView<Scalar> to, Scalar weight, const A& a, const B& b) const {
    const Scalar taken = dot(b);  // b may depend on what `to` holds now
    to = weight * a;
    if (index >= 0) to[index] -= weight * taken;
  }
};

// -- Categorical cross-entropy of one row: -sum_c t(c) log p(c).

/// p = softmax(z): log p = (z - top) - log(sum exp(z - top)), top the greatest of z. A difference
/// beyond the greatest number counts as that number, for infinity times a target of 0 would be NaN.
template <class Scalar>
struct CategoricalLogits {
  template <class Target>
  static Scalar value(const Row<Scalar>& z, const Target& t) {
    const Scalar top = z.maxCoeff();
    return value(z, t, top, exp_shifted<Scalar>(z, top, {nullptr, 0}));
  }

  /// dz = p sum(t) - t
  template <class Target>
  static Scalar value_and_gradient(const Row<Scalar>& z, const Target& t, Scalar weight,
                                   ArrayView<Scalar> dz) {
    const Scalar top = z.maxCoeff(), sum = exp_shifted<Scalar>(z, top, dz);
    t.assign_difference(dz, weight, dz * (t.sum() / sum), Row<Scalar>::Ones(z.size()));
    return value(z, t, top, sum);
  }

 private:
  template <class Target>
  static Scalar value(const Row<Scalar>& z, const Target& t, Scalar top, Scalar sum) {
    return t.dot(std::log(sum) - (z - top).max(std::numeric_limits<Scalar>::lowest()));
  }
};

/// p = clip(y / sum(y)), as Keras has it. A row that sums to 0 has no probabilities: it counts as
/// clipped from 0, where Keras would make NaN of it.
template <class Scalar>
struct CategoricalProbabilities {
  template <class Target>
  static Scalar value(const Row<Scalar>& y, const Target& t) {
    return -t.dot((y * inverse_sum(y)).max(kLow<Scalar>).min(kHigh<Scalar>).log());
  }

  /// dp = -t / p where p is not clipped; dy = (dp - sum(dp y / sum(y))) / sum(y), in which every
  /// term of the inner sum is -t.
  template <class Target>
  static Scalar value_and_gradient(const Row<Scalar>& y, const Target& t, Scalar weight,
                                   ArrayView<Scalar> dy) {
    const Scalar scale = inverse_sum(y);
    dy = y * scale;
    const Scalar counted = t.dot(inside(dy));
    t.assign_difference(dy, weight * scale, Row<Scalar>::Constant(y.size(), counted),
                        inside(dy) / dy.max(kLow<Scalar>));
    return value(y, t);
  }

 private:
  static Scalar inverse_sum(const Row<Scalar>& y) {
    // Eigen sums an expression in the same order wherever y lies, but y itself from its first
    // aligned number on.
    const Scalar sum = (y + Scalar(0)).sum();
    return sum == 0 ? Scalar(0) : Scalar(1) / sum;
  }
};

// -- Losses that are means over columns, of packets of columns: y or z against t.

/// With p = sigmoid(z): t softplus(-z) + (1 - t) softplus(z), nothing of which cancels.
template <class Scalar>
struct BinaryLogits {
  using V = Packet<Scalar>;
  V value(const V& z, const V& t) const {
    const V e = exp<V>(-z.abs());
    return e.log1p() + t * (-z).max(Scalar(0)) + (Scalar(1) - t) * z.max(Scalar(0));
  }
  V derivative(const V& z, const V& t) const { return sigmoid(z) - t; }
};

/// With p = clip(y): -t log(p) - (1 - t) log(1 - p).
template <class Scalar>
struct BinaryProbabilities {
  using V = Packet<Scalar>;
  V value(const V& y, const V& t) const {
    const V p = y.max(kLow<Scalar>).min(kHigh<Scalar>);
    return -(t * p.log() + (Scalar(1) - t) * (Scalar(1) - p).log());
  }
  V derivative(const V& y, const V& t) const {
    const V p = y.max(kLow<Scalar>).min(kHigh<Scalar>);
    return inside(y) * ((Scalar(1) - t) / (Scalar(1) - p) - t / p);
  }
};

template <class Scalar>
struct SquaredError {
  using V = Packet<Scalar>;
  V value(const V& y, const V& t) const { return (y - t).square(); }
  V derivative(const V& y, const V& t) const { return Scalar(2) * (y - t); }
};

template <class Scalar>
struct AbsoluteError {
  using V = Packet<Scalar>;
  V value(const V& y, const V& t) const { return (y - t).abs(); }
  V derivative(const V& y, const V& t) const { return (y - t).sign(); }
};

/// With q = min(|y - t|, delta): q (|y - t| - q / 2).
template <class Scalar>
struct Huber {
  using V = Packet<Scalar>;
  Scalar delta;

  V value(const V& y, const V& t) const {
    const V error = (y - t).abs(), q = error.min(delta);
    return q * (error - Scalar(0.5) * q);
  }
  V derivative(const V& y, const V& t) const { return (y - t).min(delta).max(-delta); }
};

/// The mean of the losses of the columns of a row.
template <class Scalar, template <class> class Column>
struct MeanOverColumns {
  using V = Packet<Scalar>;
  Column<Scalar> column;

  /// Finite where all columns are, whatever their sum is.
  Scalar value(const Row<Scalar>& y, const DenseTarget<Scalar>& t) const {
    const Scalar count = static_cast<Scalar>(y.size()), sum = scaled_sum(y, t, Scalar(1));
    return std::isfinite(sum) ? sum / count : scaled_sum(y, t, Scalar(1) / count);
  }

  Scalar value_and_gradient(const Row<Scalar>& y, const DenseTarget<Scalar>& t, Scalar weight,
                            ArrayView<Scalar> dy) const {
    const Scalar scale = weight / static_cast<Scalar>(y.size());
    const auto derivative = [&](const V& output, const V& given) -> V {
      return scale * column.derivative(output, V(given * t.scale + t.shift));
    };
    assign_packets<Scalar>(dy, derivative, y, t.given);
    return value(y, t);
  }

 private:
  Scalar scaled_sum(const Row<Scalar>& y, const DenseTarget<Scalar>& t, Scalar scale) const {
    const auto term = [&](const V& output, const V& given) -> V {
      return scale * column.value(output, V(given * t.scale + t.shift));
    };
    return sum_packets<Scalar>(y.size(), term, y, t.given);
  }
};

// -- Which of them

/// visit(loss, target_of), where target_of(row of the targets) is what the loss takes.
template <class Scalar, class Visit>
void with_loss(const LossOptions& options, OutputKind kind, Index width, const Visit& visit) {
  const bool logits = options.from_logits || kind != OutputKind::values;
  const bool categorical = options.kind == LossKind::categorical_crossentropy;
  const bool smooth = categorical || options.kind == LossKind::binary_crossentropy;
  const double smoothing = smooth ? options.label_smoothing : 0;
  const Scalar scale = static_cast<Scalar>(1 - smoothing);
  const Scalar shift =
      static_cast<Scalar>(smoothing / (categorical ? static_cast<double>(width) : 2.0));
  const auto dense = [=](const Row<Scalar>& t) { return DenseTarget<Scalar>{t, scale, shift}; };
  const auto sparse = [=](const Row<Scalar>& t) {
    return SparseTarget<Scalar>{class_index(t[0], width)};
  };
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
      return visit(MeanOverColumns<Scalar, SquaredError>{}, dense);
    case LossKind::mean_absolute_error:
      return visit(MeanOverColumns<Scalar, AbsoluteError>{}, dense);
    case LossKind::huber:
      return visit(MeanOverColumns<Scalar, Huber>{{static_cast<Scalar>(options.delta)}}, dense);
  }
}

}  // namespace

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
void loss_of_rows(const LossOptions& options, OutputKind output_kind,
                  const ConstRowsView<Scalar>& output, const ConstRowsView<Scalar>& target,
                  ArrayView<Scalar> values) {
  with_loss<Scalar>(options, output_kind, output.cols(),
                    [&](const auto& loss, const auto& target_of) {
                      for (Index r = 0; r < output.rows(); ++r) {
                        values[r] = loss.value(row_of(output, r), target_of(row_of(target, r)));
                      }
                    });
}

template <class Scalar>
void loss_and_gradient_of_rows(const LossOptions& options, OutputKind output_kind,
                               const ConstRowsView<Scalar>& output,
                               const ConstRowsView<Scalar>& target,
                               const ConstArrayView<Scalar>& weights, Scalar scale,
                               ArrayView<Scalar> values, RowsView<Scalar> gradient) {
  with_loss<Scalar>(
      options, output_kind, output.cols(), [&](const auto& loss, const auto& target_of) {
        for (Index r = 0; r < output.rows(); ++r) {
          if (weights[r] == 0) {
            values[r] = 0;
            row_of(gradient, r).setZero();
          } else {
            values[r] = loss.value_and_gradient(row_of(output, r), target_of(row_of(target, r)),
                                                weights[r] * scale, row_of(gradient, r));
          }
        }
      });
}

#define ECHOCELL_INSTANTIATE(Scalar)                                                               \
  template void loss_of_rows<Scalar>(const LossOptions&, OutputKind, const ConstRowsView<Scalar>&, \
                                     const ConstRowsView<Scalar>&, ArrayView<Scalar>);             \
  template void loss_and_gradient_of_rows<Scalar>(                                                 \
      const LossOptions&, OutputKind, const ConstRowsView<Scalar>&, const ConstRowsView<Scalar>&,  \
      const ConstArrayView<Scalar>&, Scalar, ArrayView<Scalar>, RowsView<Scalar>);
ECHOCELL_INSTANTIATE(float)
ECHOCELL_INSTANTIATE(double)
#undef ECHOCELL_INSTANTIATE

}  // namespace echocell
