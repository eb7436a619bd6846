// echocell._core.Network for one scalar type.
#pragma once

#include "bindings/network_base.hpp"
#include "bindings/occupancy.hpp"
#include "numerics/parallel.hpp"

namespace echocell::bindings {

template <class Scalar>
class NetworkOf final : public NetworkBase {
 public:
  NetworkOf(const LayerList& layers, const Shape& input, std::uint64_t seed)
      : model_({layers.begin(), layers.end()}, input, seed) {}

  // ---- structure
  std::string dtype() const override { return sizeof(Scalar) == 4 ? "float32" : "float64"; }
  py::tuple output_shape(Index layer) override {
    return to_tuple(model_.network().output_shape(layer));
  }
  py::tuple output_shape_for(const Shape& sample) override {
    return to_tuple(model_.output_shape(sample));
  }
  bool timed_input() const override { return model_.network().timed_input(); }
  bool timed_output() const override { return model_.network().timed_output(); }
  std::optional<Index> layer_misled_by_padding() const override {
    return model_.network().layer_misled_by_padding();
  }
  std::vector<Index> state_widths(Index layer) override { return layer_at(layer).state_widths(); }

  // ---- parameters
  py::list parameters(Index layer) override { return to_list(model_.network().parameters(layer)); }
  py::array get_parameter(Index layer, Index index) override {
    occupancy_.require_readable();
    return parameter_array(layer, index, model_.network().values());
  }
  void set_parameter(Index layer, Index index, const py::array& value) override {
    const auto guard = occupancy_.enter();
    const Shape expected = parameter_shape(layer, index);
    const Numbers<Scalar> numbers = require<Scalar>(value, expected, "parameter");
    model_.network().write(layer, index, {numbers.data(), numbers.size()},
                           model_.network().values());
  }
  void set_regularizer(Index layer, Index index, double l1, double l2) override {
    const auto guard = occupancy_.enter();
    ParameterBlock& block = model_.network().block(layer, index);
    block.l1 = l1;
    block.l2 = l2;
  }
  void set_trainable(Index layer, bool trainable) override {
    const auto guard = occupancy_.enter();
    const auto count = static_cast<Index>(model_.network().parameters(layer).size());
    for (Index k = 0; k < count; ++k) model_.network().block(layer, k).trainable = trainable;
  }

  // ---- training
  void compile(const LossOptions& loss, const std::vector<MetricOptions>& metrics,
               const OptimizerOptions& optimizer) override {
    occupancy_.require_idle("compile()");
    model_.compile(loss, metrics, optimizer);
  }
  void uncompile() override {
    occupancy_.require_idle("compile()");
    model_.uncompile();
  }
  // These two numbers may be looked at from another thread while the model trains.
  double learning_rate() override { return model_.optimizer().learning_rate(); }
  std::int64_t iterations() override { return model_.optimizer().iterations(); }
  void set_learning_rate(double rate) override {
    const auto guard = occupancy_.enter();
    model_.optimizer().set_learning_rate(rate);
  }
  void set_iterations(std::int64_t n) override {
    const auto guard = occupancy_.enter();
    model_.optimizer().set_iterations(n);
  }
  std::vector<std::string> slot_names() override {
    const auto guard = occupancy_.enter();
    return model_.optimizer().names_of_slots();
  }
  Arrays slots() override {
    const auto guard = occupancy_.enter();
    Arrays arrays;
    const Index size = for_each_parameter([](Index, Index, Index) {});
    for (const Buffer<Scalar>& slot : model_.optimizer().slots()) {
      py::array_t<Scalar> array(size);
      Scalar* to = array.mutable_data();
      for_each_parameter([&](Index layer, Index index, Index first) {
        model_.network().read(layer, index, slot.span(), {to + first, size - first});
      });
      arrays.push_back(std::move(array));
    }
    return arrays;
  }
  void set_slots(const Arrays& values) override {
    const auto guard = occupancy_.enter();
    auto& slots = model_.optimizer().writable_slots();
    if (values.size() != slots.size()) {
      throw std::invalid_argument("expected " + std::to_string(slots.size()) +
                                  " optimizer slots, received " + std::to_string(values.size()));
    }
    std::vector<Numbers<Scalar>> numbers;
    const Index size = for_each_parameter([](Index, Index, Index) {});
    for (std::size_t k = 0; k < slots.size(); ++k) {
      numbers.push_back(require<Scalar>(values[k], {size}, "optimizer slot"));
    }
    for (std::size_t k = 0; k < slots.size(); ++k) {
      for_each_parameter([&](Index layer, Index index, Index first) {
        model_.network().write(layer, index, {numbers[k].data() + first, size - first},
                               slots[k].span());
      });
    }
  }
  std::pair<std::uint64_t, std::uint64_t> random_state() override {
    const auto guard = occupancy_.enter();
    return model_.random_state();
  }
  void set_random_state(std::pair<std::uint64_t, std::uint64_t> state) override {
    const auto guard = occupancy_.enter();
    model_.set_random_state(state.first, state.second);
  }
  std::uint64_t layer_draws() override {
    const auto guard = occupancy_.enter();
    return model_.layer_draws();
  }
  void set_layer_draws(std::uint64_t draws) override {
    const auto guard = occupancy_.enter();
    model_.set_layer_draws(draws);
  }

  std::vector<std::vector<double>> fit(const Source& source, const FitOptions& options,
                                       const std::optional<Source>& validation,
                                       Hooks hooks) override {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(model_, source);
    std::optional<Data<Scalar>> held_out;
    if (validation) held_out.emplace(model_, *validation);
    return run(std::move(hooks), [&](PythonObserver& observer) {
      return model_.fit(data.set, options, held_out ? &held_out->set : nullptr, observer);
    });
  }
  std::vector<double> train_on_batch(const Source& source, Index bptt_steps) override {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(model_, source);
    return run({}, [&](PythonObserver& observer) {
      return model_.train_on_batch(data.set, observer, bptt_steps);
    });
  }
  std::vector<double> evaluate(const Source& source, Index batch_size, Hooks hooks) override {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(model_, source);
    return run(std::move(hooks), [&](PythonObserver& observer) {
      observer.show_tests();
      return model_.evaluate(data.set, batch_size, observer);
    });
  }
  py::array predict(const py::array& x, const OptionalArray& lengths, Index batch_size,
                    Hooks hooks) override {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(model_, x, lengths);
    py::array_t<Scalar> y(data.output_shape(model_));
    const Span<Scalar> to{y.mutable_data(), y.size()};
    run(std::move(hooks), [&](PythonObserver& observer) {
      observer.show_predictions(y);
      model_.predict(data.set, batch_size, to, observer);
      return 0;
    });
    return std::move(y);
  }

  // ---- state
  Index state_batch() override {
    const auto guard = occupancy_.enter();
    return model_.states().batch();
  }
  py::array step(const py::array& x) override {
    const auto guard = occupancy_.enter();
    Stepper<Scalar>& stepper = model_.stepper();
    const Index batch = x.ndim() > 0 ? x.shape(0) : 0;
    if (batch == 0) throw std::invalid_argument("expected x with a batch axis, and rows");
    stepper.learn_shapes();
    const Numbers<Scalar> numbers = require<Scalar>(x, {batch, stepper.input_width()}, "x");
    require_finite<Scalar>("x", numbers);
    stepper.prepare(batch);
    py::array_t<Scalar> y(with_batch(batch, stepper.output_shape()));
    const Span<Scalar> to{y.mutable_data(), y.size()};
    run({}, [&](PythonObserver& observer) {
      stepper.run(model_.states(), {numbers.data(), numbers.size()}, to, &observer);
      return 0;
    });
    return std::move(y);
  }
  void reset_states(Index layer, const std::optional<std::vector<Index>>& rows) override {
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
  Arrays get_states(Index layer) override {
    const auto guard = occupancy_.enter();
    Arrays arrays;
    const Index batch = model_.states().batch();
    if (batch == 0) return arrays;
    const Index node = model_.network().node_of_layer(layer);
    const std::vector<Index> widths = state_widths(layer);
    for (std::size_t k = 0; k < widths.size(); ++k) {
      const Span<const Scalar> state = model_.states().state(node, static_cast<Index>(k));
      arrays.push_back(to_array<Scalar>(state.data, {batch, widths[k]}));
    }
    return arrays;
  }
  void set_states(Index layer, const Arrays& values) override {
    const auto guard = occupancy_.enter();
    const std::vector<Index> widths = state_widths(layer);
    if (values.size() != widths.size()) {
      throw std::invalid_argument("expected " + std::to_string(widths.size()) +
                                  " states, received " + std::to_string(values.size()));
    }
    if (values.empty()) return;
    const Index batch = values[0].ndim() == 2 ? values[0].shape(0) : kOpen;
    if (batch == 0) throw std::invalid_argument("expected states of at least one row");
    std::vector<Numbers<Scalar>> numbers;
    std::vector<Span<const Scalar>> states;
    for (std::size_t k = 0; k < widths.size(); ++k) {
      numbers.push_back(require<Scalar>(values[k], {batch, widths[k]}, "state"));
      states.push_back({numbers.back().data(), numbers.back().size()});
    }
    model_.states().set(model_.network().node_of_layer(layer), batch, states);
  }

  // ---- looking inside
  py::tuple run_layer(Index layer, const py::array& x, const OptionalArray& mask,
                      const std::optional<Arrays>& initial_state, bool training) override {
    const LayerRun<Scalar> result = run_one(layer, x, mask, initial_state, training, false);
    py::list states;
    for (const auto& state : result.states) states.append(to_array(state, x.shape(0)));
    return py::make_tuple(to_array(result.output, x.shape(0)), states);
  }
  py::dict trace_layer(Index layer, const py::array& x, const OptionalArray& mask,
                       const std::optional<Arrays>& initial_state, bool from_input) override {
    const LayerRun<Scalar> result = run_one(layer, x, mask, initial_state, false, from_input);
    py::dict traces;
    for (const auto& trace : result.traces) {
      traces[py::str(trace.name)] = to_array(trace, x.shape(0));
    }
    return traces;
  }
  py::tuple gradients(const Source& source, bool training) override {
    const auto guard = occupancy_.enter();
    const Data<Scalar> data(model_, source);
    const Gradients<Scalar> result = run({}, [&](PythonObserver& observer) {
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
    return py::make_tuple(result.loss, layers,
                          to_array<Scalar>(result.input.data(), shape_of(source.x)));
  }
  Index workspace_bytes() override {
    const auto guard = occupancy_.enter();
    return model_.workspace_bytes();
  }
  void release_workspaces() override {
    if (occupancy_.open()) model_.release_workspaces();
  }
  void require_open() override { (void)occupancy_.enter(); }
  SmallCallsBase& small_calls() override { return small_calls_; }

 private:
  static py::array to_array(const typename LayerRun<Scalar>::Values& values, Index batch) {
    return bindings::to_array<Scalar>(values.numbers.data(), with_batch(batch, values.shape));
  }
  template <class T>
  static py::array to_array(const T* numbers, const Shape& shape) {
    return bindings::to_array<T>(numbers, shape);
  }

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
    model_.network().read(layer, index, arena, {array.mutable_data(), array.size()});
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
    const Numbers<Scalar> numbers = require<Scalar>(x, {}, "x");
    require_finite<Scalar>("x", numbers);
    LayerInput<Scalar> input;
    const Shape shape = shape_of(numbers);
    if (shape.size() < 2) throw std::invalid_argument("expected x with a batch axis and features");
    if (volume(shape) == 0) {
      throw std::invalid_argument("expected x with at least one number, received one of shape " +
                                  shape_text(shape));
    }
    input.x = {numbers.data(), numbers.size()};
    input.batch = shape[0];
    input.sample = Shape(shape.begin() + 1, shape.end());
    input.training = training;
    input.from_input = from_input;
    py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast> mask_bytes;
    if (mask) {
      const Shape expected{shape[0], shape.size() > 2 ? shape[1] : 1};
      if (shape_of(*mask) != expected) {
        throw std::invalid_argument("expected a mask of shape " + shape_text(expected) +
                                    ", received " + shape_text(shape_of(*mask)));
      }
      mask_bytes = *mask;
      input.mask = {mask_bytes.data(), mask_bytes.size()};
    }
    std::vector<Numbers<Scalar>> states;
    const std::vector<Index> widths = state_widths(layer);
    if (initial_state) {
      if (initial_state->size() != widths.size()) {
        throw std::invalid_argument("expected " + std::to_string(widths.size()) +
                                    " initial states, received " +
                                    std::to_string(initial_state->size()));
      }
      for (std::size_t k = 0; k < widths.size(); ++k) {
        states.push_back(
            require<Scalar>((*initial_state)[k], {shape[0], widths[k]}, "initial state"));
        input.initial_state.push_back({states.back().data(), states.back().size()});
      }
    }
    return run({},
               [&](PythonObserver& observer) { return model_.run_layer(layer, input, observer); });
  }

  /// Calls work(observer) without the GIL; the model has been entered.
  template <class Work>
  auto run(Hooks hooks, const Work& work) {
    PythonObserver observer(occupancy_, std::move(hooks));
    try {
      auto result = without_gil([&] { return work(observer); });
      if (take_thread_shortage()) warn_of_missing_threads();
      return result;
    } catch (const Interrupted&) {
      observer.rethrow();
      throw;
    }
  }
  template <class Work>
  static auto without_gil(const Work& work) {
    const py::gil_scoped_release released;
    return work();
  }
  static void warn_of_missing_threads() {
    py::module_::import("echocell._warning")
        .attr("warn")(
            "the system refuses to make threads (a limit on processes or on memory): echocell "
            "goes on with one. set_num_threads() tries again",
            py::handle(PyExc_RuntimeWarning));
  }

  Model<Scalar> model_;
  Occupancy occupancy_;
  SmallCalls<Scalar> small_calls_{model_, occupancy_};
};

}  // namespace echocell::bindings
