// The members of Model for those who look inside.
#include "numerics/denormals.hpp"
#include "training/model.hpp"
#include "training/penalty.hpp"

namespace echocell {
namespace {

/// [B, T] outside, [T, B] inside.
template <class S>
void load_mask(const LayerInput<S>& input, Slice<S>& slice) {
  const Mask& mask = slice.input_mask();
  if (!mask) return;
  for (Index b = 0; b < mask.batch; ++b) {
    for (Index t = 0; t < mask.steps; ++t) {
      mask.data[t * mask.batch + b] = input.mask[(slice.first_row + b) * mask.steps + t];
    }
  }
}

}  // namespace

template <class S>
Gradients<S> Model<S>::gradients(const Dataset<S>& data, bool training, Observer& observer) {
  const DenormalGuard guard;
  Tally tally(head().metrics().size());
  require_states(data.samples, data.samples);
  refresh_segments();
  Plan& current = plan({data.samples, data.sample, true, true}, true);
  const std::vector<Index> order = in_order(data.samples);
  const BatchContext context{training, random_.child(draws_), &observer};
  const Part part{order.data(), data.samples, 0, data.steps()};
  forward(current, data, part, context, {states_, false});
  Gradients<S> result;
  result.loss = differentiate(current, data, part, context, tally).loss;
  S* sum = current.batch.sum_gradients();
  add_penalty_gradient(network_, sum);
  result.parameters = sum;
  result.input.resize(static_cast<std::size_t>(data.samples * volume(data.sample)));
  for (const Slice<S>& slice : current.batch.slices()) {
    scatter<S>(data, part.from_row(slice.first_row), slice.gradients.front(), false,
               result.input.data());
  }
  return result;
}

template <class S>
LayerRun<S> Model<S>::run_layer(Index layer, const LayerInput<S>& input, Observer& observer) {
  const DenormalGuard guard;
  const Index node = network_.node_of_layer(layer);
  BatchKey key{input.batch,
               input.sample,
               input.training,
               false,
               input.mask != nullptr,
               input.from_input ? 0 : node,
               network_.node_behind_layer(layer)};
  Batch<S> batch(network_, key);
  const Layer<S>& watched = network_.layer(network_.nodes()[std::size_t(node)]);
  LayerRun<S> run;
  for (Index width : watched.state_widths()) {
    run.states.push_back({"state", {width}, std::vector<S>(std::size_t(input.batch * width))});
  }
  const auto allocate = [&](std::string name, const Shape& shape) {
    return typename LayerRun<S>::Values{std::move(name), shape,
                                        std::vector<S>(std::size_t(input.batch * volume(shape)))};
  };
  run.output = allocate(
      "output", network_.tensor_shapes(key.input, key.first, key.last)[std::size_t(key.last)]);
  Dataset<S> data;
  data.x = input.x;
  data.sample = input.sample;
  const std::vector<Index> order = in_order(input.batch);
  const Part part{order.data(), input.batch, 0, data.steps()};
  const Random random = input.training ? next_layer_stream() : Random{};
  const BatchContext context{input.training, random, &observer};
  for (Slice<S>& slice : batch.slices()) {
    const Part rows = part.from_row(slice.first_row);
    gather(data, rows, slice.input());
    load_mask(input, slice);
    Pass<S>& pass = slice.passes[std::size_t(node)];
    for (std::size_t k = 0; k < run.states.size(); ++k) {
      const Index offset = slice.first_row * run.states[k].shape[0];
      if (!input.initial_state.empty()) pass.initial_state[k] = input.initial_state[k] + offset;
      pass.final_state[k] = run.states[k].numbers.data() + offset;
    }
    batch.forward(slice, context);
    stop_if_requested(&observer);
    scatter<S>(data, rows, slice.output(), false, run.output.numbers.data());
    const std::vector<Trace<S>> traces = watched.trace(pass);
    for (std::size_t k = 0; k < traces.size(); ++k) {
      const Trace<S>& trace = traces[k];
      if (run.traces.size() <= k) {
        run.traces.push_back(allocate(trace.name, {trace.steps, trace.width}));
      }
      scatter<S>(data, rows, {trace.numbers.data(), trace.steps, trace.batch, trace.width}, false,
                 run.traces[k].numbers.data());
    }
  }
  return run;
}

template Gradients<float> Model<float>::gradients(const Dataset<float>&, bool, Observer&);
template Gradients<double> Model<double>::gradients(const Dataset<double>&, bool, Observer&);
template LayerRun<float> Model<float>::run_layer(Index, const LayerInput<float>&, Observer&);
template LayerRun<double> Model<double>::run_layer(Index, const LayerInput<double>&, Observer&);

}  // namespace echocell
