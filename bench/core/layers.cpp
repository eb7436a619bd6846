// Benchmarks of whole layers, forward and forward with backward, and of training steps of a model.
// Before a layer is timed, its output is checked against a naive loop and its gradient, along a
// random direction, against a central difference in double.
//
// Legend: B batch, T time steps, F features, H units.
#include <functional>
#include <string>

#include "check.hpp"
#include "layers/dense.hpp"
#include "layers/recurrent/gru.hpp"
#include "layers/recurrent/lstm.hpp"
#include "layers/recurrent/simple_rnn.hpp"
#include "training/model.hpp"

namespace echocell::bench {
namespace {

/// "std::size_t" where a container wants it.
std::size_t at(Index k) { return static_cast<std::size_t>(k); }

struct Size {
  Index B, T, F, H;
};

Size size_of(const benchmark::State& state) {
  return {state.range(0), state.range(1), state.range(2), state.range(3)};
}

double sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }

// ---- the naive loops: h(T) [B, H] of one cell, from x [T, B, F], from a state of zeros

/// z[block] = x W[:, block] + b[block] and r[block] = h R[:, block] of unit u, for n blocks.
struct Sums {
  std::vector<double> z, r;
};

template <class Scalar>
Sums sums(const std::vector<Scalar>& weights, Size s, Index n, const Scalar* x, const double* h,
          Index u) {
  const Scalar* kernel = weights.data();
  const Scalar* recurrent = kernel + s.F * n * s.H;
  const Scalar* bias = recurrent + s.H * n * s.H;
  Sums sum;
  for (Index column = u; column < n * s.H; column += s.H) {
    double z = static_cast<double>(bias[column]), r = 0;
    for (Index f = 0; f < s.F; ++f) z += double(x[f]) * double(kernel[f * n * s.H + column]);
    for (Index k = 0; k < s.H; ++k) r += h[k] * double(recurrent[k * n * s.H + column]);
    sum.z.push_back(z);
    sum.r.push_back(r);
  }
  return sum;
}

/// c: the cell state, for those who have one. Returns h'.
using NaiveStep = double (*)(const Sums& s, double recurrent_bias, double h, double& c);

double lstm_step(const Sums& s, double, double, double& c) {
  c = sigmoid(s.z[1] + s.r[1]) * c + sigmoid(s.z[0] + s.r[0]) * std::tanh(s.z[2] + s.r[2]);
  return sigmoid(s.z[3] + s.r[3]) * std::tanh(c);
}

double gru_step(const Sums& s, double recurrent_bias, double h, double&) {
  const double z = sigmoid(s.z[0] + s.r[0]), r = sigmoid(s.z[1] + s.r[1]);
  return z * h + (1.0 - z) * std::tanh(s.z[2] + r * (s.r[2] + recurrent_bias));
}

double simple_rnn_step(const Sums& s, double, double, double&) {
  return std::tanh(s.z[0] + s.r[0]);
}

/// A recurrent layer of H units, how to make it, and what it ought to compute.
struct Kind {
  const char* name;
  Index blocks;
  NaiveStep step;
  std::shared_ptr<const LayerOptions> (*options)(Index units);
};

template <class Options>
std::shared_ptr<const LayerOptions> with_units(Index units) {
  auto options = std::make_shared<Options>();
  options->units = units;
  return options;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"LSTM", 4, lstm_step, with_units<LSTMOptions>},
      {"GRU", 3, gru_step, with_units<GRUOptions>},
      {"SimpleRNN", 1, simple_rnn_step, with_units<SimpleRNNOptions>},
  };
  return all;
}

// ---- a layer with the numbers of one pass

/// Bound to one address: the pass points into it.
template <class Scalar>
class Rig {
 public:
  Rig(const Kind& kind, Size s)
      : kind_(kind), s_(s), layer_(make_layer<Scalar>(*kind.options(s.H))) {
    layer_->build({s.T, s.F});
    Index count = 0;
    for (const Parameter& p : layer_->parameters()) count += p.size();
    // Small enough that a long recurrence is not chaotic.
    parameters_ = numbers<Scalar>(count, 1, 1.0 / std::sqrt(static_cast<double>(s.H)));
    silence_second_bias();
    x_ = numbers<Scalar>(s.T * s.B * s.F, 2);
    weighting_ = numbers<Scalar>(s.B * s.H, 3);
    gradients_.resize(at(count));
    packed_.resize(at(layer_->parameter_count()));
    packed_gradients_.resize(packed_.size());
    pack();
    dx_.resize(x_.size());
    output_.resize(weighting_.size());
    doutput_.resize(weighting_.size());
    cache_ = layer_->plan({s.T, s.F}, s.B, {true, false}, workspace_);
    pass_.parameters = {packed_.data(), Index(packed_.size())};
    pass_.gradients = {packed_gradients_.data(), Index(packed_gradients_.size())};
    pass_.inputs = {{x_.data(), s.T, s.B, s.F}};
    pass_.input_gradients = {{dx_.data(), s.T, s.B, s.F}};
    pass_.output = {output_.data(), 1, s.B, s.H};
    pass_.output_gradient = {doutput_.data(), 1, s.B, s.H};
    const std::size_t states = layer_->state_widths().size();
    pass_.initial_state.resize(states);
    pass_.final_state.resize(states);
    pass_.final_state_gradient.resize(states);
    pass_.initial_state_gradient.resize(states);
    pass_.cache = cache_.get();
    pass_.training = true;
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  void forward() { layer_->forward(pass_); }

  /// After forward(): gradients of the loss, the sum of weighting * output.
  void backward() {
    std::fill(packed_gradients_.begin(), packed_gradients_.end(), Scalar(0));
    std::copy(weighting_.begin(), weighting_.end(), doutput_.begin());
    layer_->backward(pass_);
  }

  /// Multiplications and additions of the matrix products of one forward pass; a backward pass has
  /// twice as many.
  double forward_flops() const {
    return 2.0 * static_cast<double>(s_.B * s_.T * (s_.F + s_.H) * kind_.blocks * s_.H);
  }

  double output_error() {
    forward();
    return difference(output_, naive_output());
  }

  /// Of the slope of the loss along a random direction of parameters and inputs.
  double gradient_error() {
    forward();
    backward();
    unpack_gradients();
    const auto along_parameters = numbers<double>(static_cast<Index>(parameters_.size()), 4);
    const auto along_x = numbers<double>(static_cast<Index>(x_.size()), 5);
    double slope = 0;
    for (std::size_t k = 0; k < gradients_.size(); ++k) {
      slope += static_cast<double>(gradients_[k]) * along_parameters[k];
    }
    for (std::size_t k = 0; k < dx_.size(); ++k) slope += static_cast<double>(dx_[k]) * along_x[k];
    Rig<double> exact(kind_, s_);
    const double step = 1e-5;
    const double up = exact.loss_at(step, along_parameters, along_x);
    const double down = exact.loss_at(-step, along_parameters, along_x);
    const double expected = (up - down) / (2.0 * step);
    return std::abs(slope - expected) / std::abs(expected);
  }

  /// The loss `step` further along a direction.
  double loss_at(double step, const std::vector<double>& along_parameters,
                 const std::vector<double>& along_x) {
    const auto parameters = parameters_, x = x_;
    for (std::size_t k = 0; k < x.size(); ++k) x_[k] += static_cast<Scalar>(step * along_x[k]);
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      parameters_[k] += static_cast<Scalar>(step * along_parameters[k]);
    }
    pack();
    forward();
    double loss = 0;
    for (std::size_t k = 0; k < output_.size(); ++k) {
      loss += static_cast<double>(output_[k]) * static_cast<double>(weighting_[k]);
    }
    std::copy(parameters.begin(), parameters.end(), parameters_.begin());
    std::copy(x.begin(), x.end(), x_.begin());
    return loss;
  }

 private:
  /// The naive loop has one bias per block, but for the GRU's candidate.
  void silence_second_bias() {
    const Index width = kind_.blocks * s_.H;
    const Index first = (s_.F + s_.H + 1) * width;
    for (Index k = first; k < first + 2 * s_.H && at(k) < parameters_.size(); ++k) {
      parameters_[at(k)] = Scalar(0);
    }
  }

  double recurrent_bias(Index u) const {
    const Index k = (s_.F + s_.H + 1) * kind_.blocks * s_.H + 2 * s_.H + u;
    return at(k) < parameters_.size() ? static_cast<double>(parameters_[at(k)]) : 0.0;
  }

  /// From the weights as Keras has them, one array behind the other, to the layer's own layout.
  void pack() {
    const Scalar* from = parameters_.data();
    for (const Parameter& p : layer_->parameters()) {
      p.pack(from, packed_.data() + p.offset);
      from += p.size();
    }
  }

  void unpack_gradients() {
    Scalar* to = gradients_.data();
    for (const Parameter& p : layer_->parameters()) {
      p.unpack(packed_gradients_.data() + p.offset, to);
      to += p.size();
    }
  }

  std::vector<double> naive_output() const {
    std::vector<double> h(output_.size()), c(output_.size());
    for (Index b = 0; b < s_.B; ++b) {
      double* row = h.data() + b * s_.H;
      for (Index t = 0; t < s_.T; ++t) {
        const std::vector<double> before(row, row + s_.H);
        for (Index u = 0; u < s_.H; ++u) {
          const Sums sum = sums(parameters_, s_, kind_.blocks, x_.data() + (t * s_.B + b) * s_.F,
                                before.data(), u);
          row[u] = kind_.step(sum, recurrent_bias(u), before[at(u)], c[at(b * s_.H + u)]);
        }
      }
    }
    return h;
  }

  const Kind& kind_;
  Size s_;
  std::unique_ptr<Layer<Scalar>> layer_;
  std::vector<Scalar> parameters_, gradients_;  // as Keras has them
  std::vector<Scalar> packed_, packed_gradients_;
  std::vector<Scalar> x_, dx_, output_, doutput_, weighting_;
  Workspace workspace_;
  std::unique_ptr<Cache> cache_;
  Pass<Scalar> pass_;
};

template <class Scalar>
void time_layer(benchmark::State& state, const Kind& kind, bool with_backward) {
  Rig<Scalar> rig(kind, size_of(state));
  if (!right(state, rig.output_error(), kTolerance<Scalar>)) return;
  // The central difference itself is good to some nine digits.
  if (with_backward &&
      !right(state, rig.gradient_error(), std::max(kTolerance<Scalar> * 10, 1e-6))) {
    return;
  }
  for (auto _ : state) {
    rig.forward();
    if (with_backward) rig.backward();
    benchmark::ClobberMemory();
  }
  set_rate(state, "FLOP/s", rig.forward_flops() * (with_backward ? 3.0 : 1.0));
}

// ---- a training step

/// LSTM(H), Dense(F, softmax), categorical cross-entropy, Adam: an update of B sequences.
void time_update(benchmark::State& state) {
  const Size s = size_of(state);
  auto dense = std::make_shared<DenseOptions>();
  dense->units = s.F;
  dense->activation = Activation::softmax;
  Model<float> model({with_units<LSTMOptions>(s.H), dense}, {s.T, s.F}, 1);
  LossOptions loss;
  loss.kind = LossKind::categorical_crossentropy;
  OptimizerOptions adam;
  adam.kind = OptimizerKind::adam;
  adam.learning_rate = 1e-3;
  model.compile(loss, {}, adam);

  const auto x = numbers<float>(s.B * s.T * s.F, 6);
  std::vector<float> y(at(s.B * s.F));
  for (Index b = 0; b < s.B; ++b) y[at(b * s.F + b % s.F)] = 1.0f;
  Dataset<float> data;
  data.x = {x.data(), Index(x.size())};
  data.y = {y.data(), Index(y.size())};
  data.samples = s.B;
  data.sample = {s.T, s.F};
  data.target_size = s.F;
  Observer observer;

  // Weights of zeros know nothing: the first loss is log F.
  const double first = model.train_on_batch(data, observer)[0];
  if (!right(state, std::abs(first / std::log(static_cast<double>(s.F)) - 1.0), 1e-5)) return;
  for (auto _ : state) benchmark::DoNotOptimize(model.train_on_batch(data, observer));
  set_rate(state, "updates/s", 1.0);
  set_rate(state, "FLOP/s",
           6.0 * static_cast<double>(s.B * (s.T * (s.F + s.H) * 4 * s.H + s.H * s.F)));
}

// ---- sizes

/// B, T, F, H: three of the experiments', then larger ones.
void add_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"B", "T", "F", "H"})
      ->Args({1, 5, 10, 25})
      ->Args({1, 1, 5, 20})
      ->Args({5, 5, 100, 50})
      ->Args({32, 20, 32, 64})
      ->Args({32, 50, 64, 128})
      ->Args({64, 20, 128, 256});
}

template <class Scalar>
void register_layers(const std::string& type) {
  for (const Kind& kind : kinds()) {
    for (const bool with_backward : {false, true}) {
      const std::string name =
          std::string(kind.name) + "/" + type + (with_backward ? "/forward+backward" : "/forward");
      add_sizes(benchmark::RegisterBenchmark(name.c_str(),
                                             [&kind, with_backward](benchmark::State& state) {
                                               time_layer<Scalar>(state, kind, with_backward);
                                             }));
    }
  }
}

}  // namespace
}  // namespace echocell::bench

int main(int argc, char** argv) {
  using namespace echocell::bench;
  register_layers<float>("float");
  register_layers<double>("double");
  add_sizes(benchmark::RegisterBenchmark("update/float", time_update)->UseRealTime());
  return run_registered(argc, argv);
}
