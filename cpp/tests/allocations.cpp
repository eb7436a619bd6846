// No update allocates: models of the usual layers are trained for some epochs, and from the
// second epoch on, where every shape has been seen, calls of malloc and operator new are counted
// from the first batch of an epoch to the end of its last one.
//
// The linker puts __wrap_malloc() and its like in the place of malloc() in all objects of the core
// (see CMakeLists.txt). Eigen allocates by malloc() too: a temporary of dynamic size is counted.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>

#include "layers/dense.hpp"
#include "layers/dropout.hpp"
#include "layers/embedding.hpp"
#include "layers/masking.hpp"
#include "layers/recurrent/gru.hpp"
#include "layers/recurrent/lstm.hpp"
#include "layers/recurrent/simple_rnn.hpp"
#include "layers/wrappers/bidirectional.hpp"
#include "layers/wrappers/time_distributed.hpp"
#include "numerics/parallel.hpp"
#include "tests/numbers.hpp"
#include "training/model.hpp"

namespace {

std::atomic<long> g_allocations{0};

}  // namespace

extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* block, std::size_t bytes);
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes);

void* __wrap_malloc(std::size_t bytes) {
  ++g_allocations;
  return __real_malloc(bytes);
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  ++g_allocations;
  return __real_calloc(count, bytes);
}
void* __wrap_realloc(void* block, std::size_t bytes) {
  ++g_allocations;
  return __real_realloc(block, bytes);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) {
  ++g_allocations;
  return __real_aligned_alloc(alignment, bytes);
}
}

void* operator new(std::size_t bytes) {
  void* block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  void* block = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace echocell::tests {
namespace {

/// Counts the allocations of every epoch but the first.
class Counter : public Observer {
 public:
  void batch_begin(Index batch) override {
    if (batch == 0) before_ = g_allocations;
  }
  bool batch_end(Index epoch, Index, const Logs&) override {
    if (epoch > 0) {
      ++updates_;
      counted_ += g_allocations - before_;
    }
    before_ = g_allocations;
    return false;
  }
  long updates() const { return updates_; }
  long counted() const { return counted_; }

 private:
  long before_ = 0, counted_ = 0, updates_ = 0;
};

using Layers = std::vector<std::shared_ptr<const LayerOptions>>;

template <class Options>
std::shared_ptr<Options> layer(const std::function<void(Options&)>& set) {
  auto options = std::make_shared<Options>();
  set(*options);
  return options;
}
template <class Options>
std::shared_ptr<Options> recurrent(Index units, bool sequences, bool backwards = false) {
  return layer<Options>([=](Options& options) {
    options.units = units;
    options.return_sequences = sequences;
    options.go_backwards = backwards;
  });
}
std::shared_ptr<DenseOptions> dense(Index units, Activation activation = Activation::linear) {
  return layer<DenseOptions>([=](DenseOptions& options) {
    options.units = units;
    options.activation = activation;
  });
}

/// A model and how it is trained. Samples are (T, F), or (T) ids where it begins with an Embedding.
struct Case {
  std::string name;
  Layers layers;
  OptimizerKind optimizer = OptimizerKind::adam;
  LossKind loss = LossKind::mean_squared_error;
  std::vector<MetricKind> metrics = {};
  bool ids = false, timed = false, ragged = false, weighted = false, penalized = false;
  Index bptt_steps = 0;
  double clipnorm = 0;
  Index batch_size = 4;  // of 40 samples
};

constexpr Index kSamples = 40, T = 6, F = 3, kOutputs = 4, kIds = 7;

template <class Scalar>
bool allocates_nothing(const Case& c) {
  const Index step = c.ids ? 1 : F, targets = target_width(c.loss, kOutputs);
  std::vector<Index> starts = {0};
  for (Index k = 0; k < kSamples; ++k) starts.push_back(starts.back() + (c.ragged ? 1 + k % T : T));
  const Index steps = starts.back(), rows = c.timed ? steps : kSamples;
  std::vector<Scalar> x = numbers<Scalar>(steps * step, 1), y(std::size_t(rows * targets), 1);
  if (c.ids) {
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = Scalar(Index(k) % kIds);
  }
  const std::vector<Scalar> weights = numbers<Scalar>(kSamples, 2);

  Dataset<Scalar> data;
  data.x = {x.data(), Index(x.size())};
  data.y = {y.data(), Index(y.size())};
  if (c.weighted) data.weights = {weights.data(), kSamples};
  data.samples = kSamples;
  data.sample = c.ids ? Shape{T} : Shape{T, F};
  data.target_size = c.timed ? T * targets : targets;
  if (c.ragged) data.starts = {starts.data(), Index(starts.size())};

  Model<Scalar> model(c.layers, c.ids ? Shape{kOpen} : Shape{kOpen, F}, 1);
  LossOptions loss;
  loss.kind = c.loss;
  OptimizerOptions optimizer;
  optimizer.kind = c.optimizer;
  optimizer.clipnorm = c.clipnorm;
  std::vector<MetricOptions> metrics;
  for (const MetricKind kind : c.metrics) metrics.push_back({kind});
  model.compile(loss, metrics, optimizer);
  if (c.penalized) model.network().block(0, 0).l1 = model.network().block(0, 0).l2 = 0.01;

  FitOptions options;
  options.batch_size = c.batch_size;
  options.epochs = 3;
  options.bptt_steps = c.bptt_steps;
  Counter counter;
  model.fit(data, options, nullptr, counter);
  const long expected = 2 * ((kSamples + c.batch_size - 1) / c.batch_size);
  std::printf("%-40s %s: %ld allocations in %ld updates\n", c.name.c_str(),
              sizeof(Scalar) == 4 ? "float" : "double", counter.counted(), counter.updates());
  return counter.counted() == 0 && counter.updates() == expected;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto add = [&](std::string name, Layers layers, const std::function<void(Case&)>& set) {
    all.push_back({std::move(name), std::move(layers)});
    set(all.back());
  };
  const auto nothing = [](Case&) {};
  add("LSTM", {recurrent<LSTMOptions>(5, false), dense(kOutputs)}, nothing);
  add("GRU, metrics", {recurrent<GRUOptions>(5, false), dense(kOutputs, Activation::softmax)},
      [](Case& c) {
        c.loss = LossKind::categorical_crossentropy;
        c.metrics = {MetricKind::categorical_accuracy, MetricKind::top_k_categorical_accuracy,
                     MetricKind::categorical_crossentropy};
        c.optimizer = OptimizerKind::rmsprop;
      });
  add("SimpleRNN at every step, errors",
      {recurrent<SimpleRNNOptions>(5, true), dense(kOutputs, Activation::tanh)}, [](Case& c) {
        c.timed = true;
        c.metrics = {MetricKind::mean_squared_error, MetricKind::mean_absolute_error,
                     MetricKind::binary_accuracy};
        c.optimizer = OptimizerKind::adagrad;
      });
  add("Embedding, classes",
      {layer<EmbeddingOptions>([](EmbeddingOptions& e) {
         e.input_dim = kIds;
         e.output_dim = 5;
         e.mask_zero = true;
       }),
       recurrent<LSTMOptions>(20, false), dense(kOutputs, Activation::softmax)},
      [](Case& c) {
        c.ids = true;
        c.loss = LossKind::sparse_categorical_crossentropy;
        c.metrics = {MetricKind::sparse_categorical_accuracy};
      });
  add("Bidirectional, sigmoid",
      {layer<BidirectionalOptions>([](BidirectionalOptions& b) {
         b.forward = recurrent<LSTMOptions>(5, true);
         b.backward = recurrent<LSTMOptions>(5, true, true);
       }),
       recurrent<GRUOptions>(5, false), dense(kOutputs, Activation::sigmoid)},
      [](Case& c) {
        c.loss = LossKind::binary_crossentropy;
        c.weighted = true;
        c.optimizer = OptimizerKind::sgd;
      });
  add("TimeDistributed, Dropout, Masking",
      {std::make_shared<MaskingOptions>(), recurrent<LSTMOptions>(5, true),
       layer<DropoutOptions>([](DropoutOptions& d) { d.rate = 0.5; }),
       layer<TimeDistributedOptions>(
           [](TimeDistributedOptions& t) { t.layer = dense(kOutputs, Activation::relu); })},
      [](Case& c) {
        c.timed = true;
        c.loss = LossKind::huber;
      });
  add("penalty and clipping", {recurrent<LSTMOptions>(5, false), dense(kOutputs)}, [](Case& c) {
    c.penalized = true;
    c.clipnorm = 0.5;
    c.loss = LossKind::mean_absolute_error;
    c.optimizer = OptimizerKind::adamw;
  });
  add("sequences of unequal length", {recurrent<GRUOptions>(5, true), dense(kOutputs)},
      [](Case& c) {
        c.timed = c.ragged = true;
        c.batch_size = kSamples;
      });
  add("windows", {recurrent<LSTMOptions>(5, true), dense(kOutputs)}, [](Case& c) {
    c.timed = true;
    c.bptt_steps = 2;
  });
  add("two threads, a smaller last batch", {recurrent<LSTMOptions>(200, false), dense(kOutputs)},
      [](Case& c) { c.batch_size = 32; });
  add("stateful",
      {layer<LSTMOptions>([](LSTMOptions& o) {
         o.units = 5;
         o.stateful = true;
       }),
       dense(kOutputs)},
      [](Case& c) { c.batch_size = 5; });
  return all;
}

}  // namespace
}  // namespace echocell::tests

int main() {
  using namespace echocell::tests;
  echocell::set_thread_count(2);
  bool good = true;
  for (const Case& c : cases()) {
    good = allocates_nothing<float>(c) && good;
    good = allocates_nothing<double>(c) && good;
  }
  return good ? 0 : 1;
}
