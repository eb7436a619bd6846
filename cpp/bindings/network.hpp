// A network of one scalar type, as Python uses it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/data.hpp"
#include "bindings/observer.hpp"
#include "bindings/occupancy.hpp"
#include "numerics/parallel.hpp"

namespace echocell::bindings {

using LayerList = std::vector<std::shared_ptr<LayerOptions>>;
using Arrays = std::vector<py::array>;
using RandomState = std::pair<std::uint64_t, std::uint64_t>;

/// A tuple (name, shape) for each parameter.
inline py::list to_list(const std::vector<Parameter>& parameters) {
  py::list list;
  for (const Parameter& p : parameters) list.append(py::make_tuple(p.name, to_tuple(p.shape)));
  return list;
}

/// Throws std::invalid_argument unless there are so many arrays.
inline void require_count(const Arrays& arrays, std::size_t count, const char* name) {
  if (arrays.size() == count) return;
  refuse(std::to_string(count) + " " + name, std::to_string(arrays.size()));
}

/// True or False, or "batch".
inline Shuffle shuffle_of(const std::variant<bool, std::string>& given) {
  if (const bool* samples = std::get_if<bool>(&given)) {
    return *samples ? Shuffle::samples : Shuffle::none;
  }
  if (std::get<std::string>(given) == "batch") return Shuffle::batches;
  refuse("True, False or 'batch' for shuffle", "'" + std::get<std::string>(given) + "'");
}

/// A Model, and who is at work in it. _core/__init__.pyi says what the methods do.
template <class Scalar>
class PythonNetwork {
 public:
  PythonNetwork(const LayerList& layers, const Shape& input, std::uint64_t seed)
      : model_({layers.begin(), layers.end()}, input, seed) {
    live().insert(this);
  }
  ~PythonNetwork() { live().erase(this); }
  PythonNetwork(const PythonNetwork&) = delete;
  PythonNetwork& operator=(const PythonNetwork&) = delete;

  /// All that there are; changed with the GIL held.
  static std::set<PythonNetwork*>& live() {
    static auto* networks = new std::set<PythonNetwork*>;  // for those that outlive all statics
    return *networks;
  }

  // ---- structure
  std::string dtype() const { return sizeof(Scalar) == 4 ? "float32" : "float64"; }
  py::tuple output_shape(Index layer) { return to_tuple(model_.network().output_shape(layer)); }
  py::tuple output_shape_for(const Shape& sample) { return to_tuple(model_.output_shape(sample)); }
  bool timed_input() const { return model_.network().timed_input(); }
  bool timed_output() const { return model_.network().timed_output(); }
  std::optional<Index> layer_misled_by_padding() const {
    return model_.network().layer_misled_by_padding();
  }
  void name_layers(const std::vector<std::string>& names) {
    if (Index(names.size()) != model_.network().layer_count()) refuse("a name per layer", "others");
    model_.network().name_layers(names);
  }
  std::vector<Index> state_widths(Index layer) { return layer_at(layer).state_widths(); }

  // ---- parameters
  py::list parameters(Index layer) { return to_list(model_.network().parameters(layer)); }
  py::array get_parameter(Index layer, Index index) {
    occupancy_.require_readable();
    return parameter_array(layer, index, model_.network().values());
  }
  void set_parameter(Index layer, Index index, const py::array& value) {
    const auto guard = occupancy_.enter();
    const Numbers<Scalar> numbers(value, "parameter", parameter_shape(layer, index));
    model_.network().write(layer, index, numbers.span(), model_.network().values());
  }
  void set_regularizer(Index layer, Index index, double l1, double l2) {
    const auto guard = occupancy_.enter();
    ParameterBlock& block = model_.network().block(layer, index);
    block.l1 = l1;
    block.l2 = l2;
  }
  void set_trainable(Index layer, bool trainable) {
    const auto guard = occupancy_.enter();
    const auto count = static_cast<Index>(model_.network().parameters(layer).size());
    for (Index k = 0; k < count; ++k) model_.network().block(layer, k).trainable = trainable;
  }

  // ---- training
  void compile(const LossOptions& loss, const std::vector<MetricOptions>& metrics,
               const OptimizerOptions& optimizer, bool keep_slots) {
    occupancy_.require_idle("compile()");
    model_.compile(loss, metrics, optimizer, keep_slots);
  }
  void uncompile() {
    occupancy_.require_idle("compile()");
    model_.uncompile();
  }
  // These two numbers may be looked at from another thread while the model trains.
  double learning_rate() { return model_.optimizer().learning_rate(); }
  std::int64_t iterations() { return model_.optimizer().iterations(); }
  void set_learning_rate(double rate) { entered()->optimizer().set_learning_rate(rate); }
  void set_iterations(std::int64_t n) { entered()->optimizer().set_iterations(n); }
  std::vector<std::string> slot_names() { return entered()->optimizer().names_of_slots(); }
  Arrays slots() {
    const auto guard = occupancy_.enter();
    Arrays arrays;
    const Index size = for_each_parameter([](Index, Index, Index) {});
    for (const Buffer<Scalar>& slot : model_.optimizer().slots()) {
      py::array_t<Scalar> array(size);
      const Span<Scalar> to = span_of(array);
      for_each_parameter([&](Index layer, Index index, Index first) {
        model_.network().read(layer, index, slot.span(), to.part(first, size - first));
      });
      arrays.push_back(std::move(array));
    }
    return arrays;
  }
  void set_slots(const Arrays& values) {
    const auto guard = occupancy_.enter();
    auto& slots = model_.optimizer().writable_slots();
    require_count(values, slots.size(), "optimizer slots");
    std::vector<Numbers<Scalar>> numbers;
    const Index size = for_each_parameter([](Index, Index, Index) {});
    for (std::size_t k = 0; k < slots.size(); ++k) {
      numbers.emplace_back(values[k], "optimizer slot", Shape{size});
    }
    for (std::size_t k = 0; k < slots.size(); ++k) {
      for_each_parameter([&](Index layer, Index index, Index first) {
        model_.network().write(layer, index, numbers[k].span().part(first, size - first),
                               slots[k].span());
      });
    }
  }
  RandomState random_state() { return entered()->random_state(); }
  void set_random_state(RandomState s) { entered()->set_random_state(s.first, s.second); }
  std::uint64_t layer_draws() { return entered()->layer_draws(); }
  void set_layer_draws(std::uint64_t draws) { entered()->set_layer_draws(draws); }

  std::vector<std::vector<double>> fit(
      const py::array& x, const py::array& y, const OptionalArray& weights, Index batch_size,
      Index epochs, const std::variant<bool, std::string>& shuffle, const OptionalArray& lengths,
      Index initial_epoch, const std::optional<Source>& validation, Index validation_batch_size,
      const ValidationFrequency& validation_freq, Index bptt_steps, Hooks hooks) {
    const auto guard = occupancy_.enter();
    const FitOptions options{
        batch_size,      epochs,    initial_epoch, shuffle_of(shuffle), validation_batch_size,
        validation_freq, bptt_steps};
    const Data<Scalar> data(target_, {x, y, weights, lengths});
    std::optional<Data<Scalar>> held_out;
    if (validation) held_out.emplace(target_, *validation);
    const bool small = !validation && is_small(data, 3 * double(epochs));
    return run(std::move(hooks), small, [&](Observer& observer) {
      return model_.fit(data.set, options, held_out ? &held_out->set : nullptr, observer);
    });
  }
  std::vector<double> train_on_batch(const py::array& x, const py::array& y,
                                     const OptionalArray& weights, const OptionalArray& lengths,
                                     Index bptt_steps) {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(target_, {x, y, weights, lengths});
    return run({}, is_small(data, 3), [&](Observer& observer) {
      return model_.train_on_batch(data.set, observer, bptt_steps);
    });
  }
  std::vector<double> evaluate(const py::array& x, const py::array& y, const OptionalArray& weights,
                               const OptionalArray& lengths, Index batch_size, Hooks hooks) {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(target_, {x, y, weights, lengths});
    return run(std::move(hooks), false,
               [&](Observer& observer) { return model_.evaluate(data.set, batch_size, observer); });
  }
  py::array predict(const py::array& x, const OptionalArray& lengths, Index batch_size,
                    Hooks hooks) {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(target_, x, lengths);
    py::array_t<Scalar> y = data.new_outputs();
    const Span<Scalar> to = span_of(y);
    const auto work = [&](Observer& observer) {
      model_.predict(data.set, batch_size, to, observer);
      return 0;
    };
    run(std::move(hooks), is_small(data, 1), work, &y);
    return std::move(y);
  }

  // ---- calls for small data that are right as they came
  /// Whether the two below take so many passes over x: they keep the GIL.
  bool is_small(const py::array& x, double passes) const {
    return is_small(x.ndim() > 0 ? x.shape(0) : 0, x.ndim() > 1 ? x.shape(1) : 1, passes);
  }
  /// Throws std::invalid_argument where the model knows ids that its scalar type would round: the
  /// Python layer looks at them before they are converted.
  void require_exact_ids() const {
    if (!target_.ids_are_exact()) refuse("a model of fewer ids", "more");
  }
  std::vector<std::vector<double>> fit_plain(const py::array& x, const py::array& y,
                                             Index batch_size, Index epochs, bool shuffle) {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(target_, {x, y, {}, {}});
    data.require_plain_targets(model_.loss());
    const bool stateful = model_.network().stateful(), several = data.set.samples > batch_size;
    if (stateful && shuffle && several) refuse("data in their order", "others");
    FitOptions options;
    options.batch_size = batch_size;
    options.epochs = epochs;
    options.shuffle = shuffle && !stateful ? Shuffle::samples : Shuffle::none;
    Observer silent;
    return model_.fit(data.set, options, nullptr, silent);
  }
  std::vector<double> train_plain(const py::array& x, const py::array& y) {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(target_, {x, y, {}, {}});
    data.require_plain_targets(model_.loss());
    Observer silent;
    return model_.train_on_batch(data.set, silent);
  }

  // ---- state
  Index state_batch() { return entered()->states().batch(); }
  py::array step(const py::array& x) {
    const auto guard = occupancy_.enter();
    Stepper<Scalar>& stepper = model_.stepper();
    const Index batch = x.ndim() > 0 ? x.shape(0) : 0;
    if (batch == 0) refuse("x with a batch axis, and rows", "none");
    stepper.learn_shapes();
    const bool row_of_ids = x.ndim() == 1 && target_.takes_ids();
    if (!row_of_ids && (x.ndim() != 2 || x.shape(1) != stepper.input_width())) {
      refuse("x of shape " + shape_text({batch, stepper.input_width()}), shape_text(shape_of(x)));
    }
    const Numbers<Scalar> numbers(x, "x");
    target_.require_inputs(numbers);
    stepper.prepare(batch);
    py::array_t<Scalar> y = new_array<Scalar>(batch, stepper.output_shape());
    const Span<Scalar> to = span_of(y);
    const bool small = double(stepper.work()) < kMostSmallWork;  // done before a look at signals
    run({}, small, [&](Observer& observer) {
      stepper.run(model_.states(), numbers.span(), to, small ? nullptr : &observer);
      return 0;
    });
    return std::move(y);
  }
  void reset_states(Index layer, const std::optional<std::vector<Index>>& rows) {
    const auto guard = occupancy_.enter();
    if (layer < 0 && !rows) {
      model_.states().clear();
      return;
    }
    const auto nodes = static_cast<Index>(model_.network().nodes().size());
    const Index first = layer < 0 ? 0 : model_.network().node_of_layer(layer);
    const Index last = layer < 0 ? nodes : first + 1;
    for (Index n = first; n < last; ++n) model_.states().zero(n, rows ? &*rows : nullptr);
  }
  Arrays get_states(Index layer) {
    const auto guard = occupancy_.enter();
    Arrays arrays;
    const Index batch = model_.states().batch();
    if (batch == 0) return arrays;
    const Index node = model_.network().node_of_layer(layer);
    const std::vector<Index> widths = state_widths(layer);
    for (std::size_t k = 0; k < widths.size(); ++k) {
      const Span<const Scalar> state = model_.states().state(node, static_cast<Index>(k));
      arrays.push_back(to_array(state, batch, {widths[k]}));
    }
    return arrays;
  }
  void set_states(Index layer, const Arrays& values) {
    const auto guard = occupancy_.enter();
    const std::vector<Index> widths = state_widths(layer);
    require_count(values, widths.size(), "states");
    if (values.empty()) return;
    const Index batch = values[0].ndim() == 2 ? values[0].shape(0) : kOpen;
    if (batch == 0) refuse("states of at least one row", "none");
    const StateNumbers numbers(values, batch, widths);
    model_.states().set(model_.network().node_of_layer(layer), batch, numbers.spans);
  }

  // ---- looking inside
  py::tuple run_layer(Index layer, const py::array& x, const OptionalArray& mask,
                      const std::optional<Arrays>& initial_state, bool training) {
    LayerRun<Scalar> result = run_one(layer, x, mask, initial_state, training, false);
    py::list states;
    for (auto& state : result.states) states.append(batch_array(state, x.shape(0)));
    return py::make_tuple(batch_array(result.output, x.shape(0)), states);
  }
  py::dict trace_layer(Index layer, const py::array& x, const OptionalArray& mask,
                       const std::optional<Arrays>& initial_state, bool from_input) {
    LayerRun<Scalar> result = run_one(layer, x, mask, initial_state, false, from_input);
    py::dict traces;
    for (auto& trace : result.traces) {
      traces[py::str(trace.name)] = batch_array(trace, x.shape(0));
    }
    return traces;
  }
  py::tuple gradients(const py::array& x, const py::array& y, const OptionalArray& weights,
                      bool training) {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(target_, {x, y, weights, {}});
    const Gradients<Scalar> result = run({}, false, [&](Observer& observer) {
      return model_.gradients(data.set, training, observer);
    });
    Network<Scalar>& network = model_.network();
    py::list layers;
    for (Index k = 0; k < network.layer_count(); ++k) {
      py::list list;
      for (std::size_t p = 0; p < network.parameters(k).size(); ++p) {
        list.append(parameter_array(k, static_cast<Index>(p), result.parameters));
      }
      layers.append(list);
    }
    const Span<const Scalar> dx{result.input.data(), Index(result.input.size())};
    return py::make_tuple(result.loss, layers, to_array(dx, data.set.samples, data.set.sample));
  }
  Index workspace_bytes() { return entered()->workspace_bytes(); }
  void release_workspaces() {
    if (occupancy_.open()) model_.release_workspaces();
  }
  void require_open() { (void)occupancy_.enter(); }

 private:
  /// The model, entered until the end of the expression.
  struct Entered {
    Occupancy::Guard guard;
    Model<Scalar>& model;
    Model<Scalar>* operator->() { return &model; }
  };
  Entered entered() { return {occupancy_.enter(), model_}; }

  static py::array batch_array(typename LayerRun<Scalar>::Values& values, Index batch) {
    return to_array<Scalar>(values.span(), batch, values.shape);
  }

  /// The states of a layer, [B, width] each.
  struct StateNumbers {
    std::vector<Numbers<Scalar>> numbers;
    std::vector<Span<const Scalar>> spans;

    StateNumbers(const Arrays& states, Index batch, const std::vector<Index>& widths) {
      require_count(states, widths.size(), "states");
      for (std::size_t k = 0; k < widths.size(); ++k) {
        numbers.emplace_back(states[k], "state", Shape{batch, widths[k]});
        spans.push_back(numbers.back().span());
      }
    }
  };

  const Layer<Scalar>& layer_at(Index layer) {
    Network<Scalar>& network = model_.network();
    return network.layer(network.nodes()[std::size_t(network.node_of_layer(layer))]);
  }
  Shape parameter_shape(Index layer, Index index) {
    (void)model_.network().block(layer, index);  // throws if there is none
    return model_.network().parameters(layer)[std::size_t(index)].shape;
  }
  /// A parameter as Keras has it, out of an array as long as the arena.
  py::array parameter_array(Index layer, Index index, Span<const Scalar> arena) {
    py::array_t<Scalar> array(parameter_shape(layer, index));
    model_.network().read(layer, index, arena, span_of(array));
    return std::move(array);
  }
  /// visit(layer, index, first) for every parameter: where it stands in a row of all, as
  /// Keras has them, without padding.
  template <class Visit>
  Index for_each_parameter(const Visit& visit) {
    Network<Scalar>& network = model_.network();
    Index first = 0;
    for (Index k = 0; k < network.layer_count(); ++k) {
      const auto& parameters = network.parameters(k);
      for (std::size_t p = 0; p < parameters.size(); ++p) {
        visit(k, static_cast<Index>(p), first);
        first += parameters[p].size();
      }
    }
    return first;
  }
  LayerRun<Scalar> run_one(Index layer, const py::array& x, const OptionalArray& mask,
                           const std::optional<Arrays>& initial_state, bool training,
                           bool from_input) {
    const auto guard = occupancy_.enter();
    const Numbers<Scalar> numbers(x, "x");
    require_finite("x", numbers);
    const Shape shape = shape_of(x);
    if (shape.size() < 2 || numbers.size() == 0) {
      refuse("x with a batch axis, features and at least one number", shape_text(shape));
    }
    LayerInput<Scalar> input;
    input.x = numbers.span();
    input.batch = shape[0];
    input.sample = Shape(shape.begin() + 1, shape.end());
    input.training = training;
    input.from_input = from_input;
    Numbers<std::uint8_t> mask_bytes;
    if (mask) {
      mask_bytes = {*mask, "mask", Shape{shape[0], shape.size() > 2 ? shape[1] : 1}};
      input.mask = mask_bytes.span();
    }
    std::optional<StateNumbers> states;
    if (initial_state) {
      states.emplace(*initial_state, shape[0], state_widths(layer));
      input.initial_state = states->spans;
    }
    return run({}, false,
               [&](Observer& observer) { return model_.run_layer(layer, input, observer); });
  }

  /// Multiplications that take well under a millisecond.
  static constexpr double kMostSmallWork = 4e6;

  bool is_small(const Data<Scalar>& data, double passes) const {
    return is_small(data.set.samples, data.set.steps(), passes);
  }
  /// Whether so many passes over the data are shorter than it may take to get the GIL back.
  bool is_small(Index samples, Index steps, double passes) const {
    return passes * double(samples) * double(steps) * double(work_per_step_) < kMostSmallWork;
  }
  /// Calls work(observer); the model has been entered. Small work without hooks keeps the GIL.
  /// predictions: the array that predict() fills.
  template <class Work>
  auto run(Hooks&& hooks, bool small, const Work& work, const py::array* predictions = nullptr) {
    if (small && hooks.empty()) {
      Observer silent;
      return work(silent);
    }
    PythonObserver observer(occupancy_, std::move(hooks), predictions);
    const auto without_gil = [&] {
      const py::gil_scoped_release released;
      return work(observer);
    };
    try {
      auto result = without_gil();
      if (take_thread_shortage()) warn_of_missing_threads();
      return result;
    } catch (const Interrupted&) {
      observer.rethrow();
      throw;
    }
  }
  static void warn_of_missing_threads() {
    py::module_::import("echocell._common.warning")
        .attr("warn")(
            "the system refuses to make threads (a limit on processes or on memory): echocell "
            "goes on with one. set_num_threads() tries again",
            py::handle(PyExc_RuntimeWarning));
  }

  Model<Scalar> model_;
  Occupancy occupancy_;
  Target<Scalar> target_{model_};
  Index work_per_step_ = model_.network().work_per_step();
};

}  // namespace echocell::bindings
