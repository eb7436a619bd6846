// The packed product beside Eigen's own, in one run: a Markdown table for the instruction set of
// this build. Every answer is checked; then both take turns, and the best turn of each counts.
//
//   bench_products_<instruction set> [milliseconds of a turn]
//
// Legend: H units, B rows of a batch, T steps; h [B, H], R [H, 4H], X [TB, H], W [H, 4H],
// Z [TB, 4H]. The products: of one step, Z_t += h R and dh += dZ_t R^T; of all steps, Z = X W,
// dW = X^T dZ and dX = dZ W^T.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "numerics/packed_product.hpp"
#include "numerics/workspace.hpp"
#include "peak.hpp"
#include "tests/numbers.hpp"

namespace echocell::bench {
namespace {

constexpr Index kSteps = 16, kBlocks = 4;
constexpr Index kFewRows = 8;  // up to so many, the way back takes dot products
constexpr Index kPiece = 128;  // rows of dX at a time, as in a layer
constexpr int kTurns = 9;
constexpr Index kBatches[] = {1, 4, 16, 32, 64};

// ---- time --------------------------------------------------------------------------------------

using Work = std::function<void()>;

double seconds_of(const Work& work, int count) {
  const auto start = std::chrono::steady_clock::now();
  for (int k = 0; k < count; ++k) work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The least seconds of each work, in turns of some milliseconds.
std::vector<double> race(const std::vector<Work>& works, double turn) {
  std::vector<double> best;
  std::vector<int> counts;
  for (const Work& work : works) {
    seconds_of(work, 1);
    best.push_back(seconds_of(work, 1));
    counts.push_back(std::max(1, int(turn / std::max(best.back(), 1e-9))));
  }
  for (int k = 0; k < kTurns; ++k) {
    for (std::size_t w = 0; w < works.size(); ++w) {
      best[w] = std::min(best[w], seconds_of(works[w], counts[w]) / counts[w]);
    }
  }
  return best;
}

// ---- one shape ---------------------------------------------------------------------------------

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Scalar>
Matrix<Scalar> random_matrix(Index rows, Index cols, std::uint64_t seed) {
  const auto values = tests::numbers<Scalar>(rows * cols, seed);
  return Eigen::Map<const Matrix<Scalar>>(values.data(), rows, cols);
}

template <class Scalar>
ConstRowsView<Scalar> view_of(const Matrix<Scalar>& m) {
  return rows_view(m.data(), m.rows(), m.cols());
}

/// A matrix in panels, in memory of its own.
template <class Scalar>
class Packed {
 public:
  Packed(Index rows, Index cols)
      : numbers_(rows * cols), panels_{numbers_.data(), rows, cols, kBlocks * kLanes<Scalar>} {}
  explicit Packed(const Matrix<Scalar>& m) : Packed(m.rows(), m.cols()) {
    copy_to_panels<Scalar>(view_of(m), panels_);
  }
  const Panels<Scalar>& panels() const { return panels_; }
  Matrix<Scalar> unpacked() const {
    Matrix<Scalar> m(panels_.rows, panels_.cols);
    copy_from_panels<Scalar>(panels_, rows_view(m.data(), m.rows(), m.cols()));
    return m;
  }

 private:
  Buffer<Scalar> numbers_;
  Panels<Scalar> panels_;
};

/// Ours and Eigen's, what each makes, and the operations of one product.
template <class Scalar>
struct Pair {
  Work ours, eigens;
  std::function<Matrix<Scalar>()> our_answer;
  const Matrix<Scalar>* eigens_answer;
  double operations;
};

/// The operands of all products of one shape. H is whole packets.
template <class Scalar>
class Shape {
 public:
  Shape(Index H, Index B)
      : H_(H),
        B_(B),
        x_(random_matrix<Scalar>(kSteps * B, H, 1)),
        w_(random_matrix<Scalar>(H, kBlocks * H, 2)),
        dz_(random_matrix<Scalar>(kSteps * B, kBlocks * H, 3)),
        packed_w_(w_),
        packed_dz_(dz_),
        packed_z_(kSteps * B, kBlocks * H),
        packed_dw_(H, kBlocks * H),
        transposed_(kBlocks * H * padded<Scalar>(H)),
        z_(Matrix<Scalar>::Zero(kSteps * B, kBlocks * H)),
        dw_(Matrix<Scalar>::Zero(H, kBlocks * H)),
        dx_(Matrix<Scalar>::Zero(kSteps * B, H)),
        our_dx_(dx_) {
    transpose_weights();
  }

  /// Made anew once per update: what is packed for the products, beyond the weights themselves.
  void transpose_weights() {
    transpose<Scalar>(packed_w_.panels(), transposed_view(transposed_.data(), H_, kBlocks * H_));
  }

  std::vector<Pair<Scalar>> products() {
    const double step = 2.0 * double(B_ * H_ * kBlocks * H_), all = double(kSteps) * step;
    const auto our_z = [this] { return packed_z_.unpacked(); };
    const auto our_dx = [this] { return our_dx_; };
    return {
        {[this] { step_ours(); }, [this] { step_eigens(); }, our_z, &z_, step},
        {[this] { step_back_ours(); }, [this] { step_back_eigens(); }, our_dx, &dx_, step},
        {[this] {
           affine<Scalar>(view_of(x_), packed_w_.panels(), nullptr, packed_z_.panels(), 0);
         },
         [this] { z_.noalias() = x_ * w_; }, our_z, &z_, all},
        {[this] {
           product_tn<Scalar>(view_of(x_), packed_dz_.panels(), 0, packed_dw_.panels(), Write::set);
         },
         [this] { dw_.noalias() = x_.transpose() * dz_; }, [this] { return packed_dw_.unpacked(); },
         &dw_, all},
        {[this] { back_ours(); }, [this] { dx_.noalias() = dz_ * w_.transpose(); }, our_dx, &dx_,
         all},
    };
  }

  /// Sets all results to zero, and the steps to the first.
  void reset() {
    packed_z_ = Packed<Scalar>(kSteps * B_, kBlocks * H_);
    z_.setZero();
    dx_.setZero();
    our_dx_.setZero();
    ours_ = eigens_ = 0;
  }

 private:
  /// The step whose turn it is; the next time the next.
  Index next(Index& t) const { return (t++ % kSteps) * B_; }
  ConstRowsView<Scalar> x_rows(Index row) const { return row_range(view_of(x_), row, B_); }
  RowsView<Scalar> dx_rows(Index row, Index rows) {
    return rows_view(our_dx_.data() + row * H_, rows, H_);
  }

  void step_ours() {
    const Index row = next(ours_);
    add_product<Scalar>(x_rows(row), packed_w_.panels(), packed_z_.panels(), row);
  }
  void step_eigens() {
    const Index row = next(eigens_);
    z_.middleRows(row, B_).noalias() += x_.middleRows(row, B_) * w_;
  }
  void step_back_ours() { add_back(next(ours_), B_); }
  void step_back_eigens() {
    const Index row = next(eigens_);
    dx_.middleRows(row, B_).noalias() += dz_.middleRows(row, B_) * w_.transpose();
  }
  void back_ours() {
    our_dx_.setZero();
    for (Index row = 0; row < our_dx_.rows(); row += kPiece) {
      add_back(row, std::min(kPiece, our_dx_.rows() - row));
    }
  }
  void add_back(Index row, Index rows) {
    if (rows <= kFewRows) {
      add_dot_product_back<Scalar>(packed_dz_.panels(), row, packed_w_.panels(),
                                   dx_rows(row, rows));
    } else {
      add_product_back<Scalar>(packed_dz_.panels(), row,
                               transposed_view(transposed_.data(), H_, kBlocks * H_),
                               dx_rows(row, rows));
    }
  }

  Index H_, B_;
  Matrix<Scalar> x_, w_, dz_;
  Packed<Scalar> packed_w_, packed_dz_, packed_z_, packed_dw_;
  Buffer<Scalar> transposed_;
  Matrix<Scalar> z_, dw_, dx_, our_dx_;
  Index ours_ = 0, eigens_ = 0;
};

/// Both once, from zero; ends the program where they differ.
template <class Scalar>
void check(Shape<Scalar>& shape, const Pair<Scalar>& pair, const char* name) {
  shape.reset();
  pair.ours();
  pair.eigens();
  const Matrix<Scalar> ours = pair.our_answer();
  const double size = double(pair.eigens_answer->cwiseAbs().maxCoeff());
  const double gap = double((ours - *pair.eigens_answer).cwiseAbs().maxCoeff()) / size;
  if (gap <= tests::kTolerance<Scalar>) return;
  std::printf("%s: wrong answer, off by %g\n", name, gap);
  std::exit(1);
}

// ---- the table ---------------------------------------------------------------------------------

constexpr const char* kNames[] = {"h R", "dz R^T", "X W", "dW", "dX"};

using Ratios = std::map<std::pair<Index, Index>, double>;  // by H and B

/// Of the shapes with one of these B: the geometric mean, and the least.
std::pair<double, double> mean_and_least(const Ratios& ratios, const std::vector<Index>& batches) {
  double logs = 0, count = 0, least = HUGE_VAL;
  for (const auto& [shape, ratio] : ratios) {
    if (std::find(batches.begin(), batches.end(), shape.second) == batches.end()) continue;
    logs += std::log(ratio);
    least = std::min(least, ratio);
    ++count;
  }
  return {std::exp(logs / count), least};
}

/// The geometric means and the least ratios of every product, by batches.
void print_summary(const std::vector<Ratios>& ratios) {
  const std::pair<const char*, std::vector<Index>> groups[] = {
      {"B = 1", {1}}, {"B = 4", {4}}, {"B >= 16", {16, 32, 64}}};
  for (const auto& [name, batches] : groups) {
    std::printf("| mean, least | %s |", name);
    for (const Ratios& column : ratios) {
      const auto [mean, least] = mean_and_least(column, batches);
      std::printf(" %.2f, %.2f |", mean, least);
    }
    std::printf("\n");
  }
}

/// One line of the table. The peak takes turns with the products.
template <class Scalar>
void print_products(Index H, Index B, double turn, std::vector<Ratios>& ratios) {
  Shape<Scalar> shape(H, B);
  Peak<Scalar> peak;
  const volatile Scalar term = 1;
  const auto pairs = shape.products();
  std::printf("| %d | %d |", int(H), int(B));
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    check(shape, pairs[p], kNames[p]);
    const auto took = race({pairs[p].ours, pairs[p].eigens, [&] { peak.run(term); }}, turn);
    const double rate = pairs[p].operations / took[0];
    ratios[p][{H, B}] = took[1] / took[0];
    std::printf(" %.2f (%.0f %%) |", took[1] / took[0],
                100 * rate / (Peak<Scalar>::kOperations / took[2]));
    std::fflush(stdout);
  }
  std::printf("\n");
}

template <class Scalar>
void print_table(const char* type, const std::vector<Index>& units, double turn) {
  std::printf("\n%s, %s: time of Eigen's product / time of ours ", ECHOCELL_ISA, type);
  std::printf("(the rate of ours, share of multiply-adds in registers)\n\n| H | B |");
  for (const char* name : kNames) std::printf(" %s |", name);
  std::printf("\n|---:|---:|---:|---:|---:|---:|---:|\n");
  std::vector<Ratios> ratios(std::size(kNames));
  for (const Index H : units) {
    for (const Index B : kBatches) print_products<Scalar>(H, B, turn, ratios);
  }
  print_summary(ratios);
  std::printf("\nOnce per update, the panels of R^T:");
  for (const Index H : units) {
    Shape<Scalar> shape(H, 1);
    const double seconds = race({[&] { shape.transpose_weights(); }}, turn)[0];
    std::printf(" H %d %.2f us;", int(H), 1e6 * seconds);
  }
  std::printf("\n");
}

}  // namespace
}  // namespace echocell::bench

int main(int argc, char** argv) {
  const double turn = (argc > 1 ? std::atof(argv[1]) : 2.0) / 1e3;
  echocell::bench::print_table<float>("float", {16, 32, 64, 128, 256, 512}, turn);
  echocell::bench::print_table<double>("double", {64, 256}, turn);
  return 0;
}
