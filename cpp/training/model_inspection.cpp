// The members of Model for those who look inside.
#include "numerics/denormals.hpp"
#include "training/model.hpp"
#include "training/objective/penalty.hpp"

namespace echocell {
namespace {

/// [B, T] outside, [T, B] inside.
template <class Scalar>
void load_mask(const LayerInput<Scalar>& input, Slice<Scalar>& slice) {
  const Mask& mask = slice.input_mask();
  if (!mask) return;
  const auto rows = rows_view(input.mask.data, input.batch, mask.steps);
  rows_view(mask.data, mask.steps, mask.batch) =
      row_range(rows, slice.first_row, slice.rows).transpose();
}

}  // namespace

template <class Scalar>
Gradients<Scalar> Model<Scalar>::gradients(const Dataset<Scalar>& data, bool training,
                                           Observer& observer) {
  const DenormalGuard guard;
  MetricSums sums = objective().no_sums();
  require_states(data.samples, data.samples);
  refresh_segments();
  Plan& current = plan({data.samples, data.sample, true, true}, true);
  const std::vector<Index> order = in_order(data.samples);
  const Part part{{order.data(), data.samples}, 0, data.steps()};
  forward(current, data, part, {training, random_.child(draws_), &observer}, {states_, false});
  Gradients<Scalar> result;
  result.loss = score(current, data, part, sums, observer).mean;
  const Span<Scalar> gradients = current.batch.sum_gradients();
  add_penalty_gradient<Scalar>(network_, gradients.array());
  result.parameters = gradients;
  result.input.resize(static_cast<std::size_t>(data.samples * volume(data.sample)));
  for (const Slice<Scalar>& slice : current.batch.slices()) {
    scatter<Scalar>(data, part.row_range(slice.first_row, slice.rows), slice.gradients.front(),
                    false, {result.input.data(), static_cast<Index>(result.input.size())});
  }
  return result;
}

template <class Scalar>
LayerRun<Scalar> Model<Scalar>::run_layer(Index layer, const LayerInput<Scalar>& input,
                                          Observer& observer) {
  const DenormalGuard guard;
  const Index node = network_.node_of_layer(layer);
  BatchKey key{input.batch,
               input.sample,
               input.training,
               false,
               bool(input.mask),
               input.from_input ? 0 : node,
               network_.node_behind_layer(layer)};
  Batch<Scalar> batch(network_, key);
  const Layer<Scalar>& watched = network_.layer(network_.nodes()[std::size_t(node)]);
  LayerRun<Scalar> run;
  for (Index width : watched.state_widths()) {
    run.states.push_back({"state", {width}, std::vector<Scalar>(std::size_t(input.batch * width))});
  }
  const auto allocate = [&](std::string name, const Shape& shape) {
    return typename LayerRun<Scalar>::Values{
        std::move(name), shape, std::vector<Scalar>(std::size_t(input.batch * volume(shape)))};
  };
  run.output = allocate(
      "output", network_.tensor_shapes(key.input, key.first, key.last)[std::size_t(key.last)]);
  Dataset<Scalar> data;
  data.x = input.x;
  data.sample = input.sample;
  const std::vector<Index> order = in_order(input.batch);
  const Part part{{order.data(), input.batch}, 0, data.steps()};
  const Random random = input.training ? next_layer_stream() : Random{};
  const BatchContext context{input.training, random, &observer};
  for (Slice<Scalar>& slice : batch.slices()) {
    const Part rows = part.row_range(slice.first_row, slice.rows);
    gather(data, rows, slice.input());
    load_mask(input, slice);
    Pass<Scalar>& pass = slice.passes[std::size_t(node)];
    for (std::size_t k = 0; k < run.states.size(); ++k) {
      const Index width = run.states[k].shape[0], offset = slice.first_row * width;
      if (!input.initial_state.empty()) {
        pass.initial_state[k] = {input.initial_state[k].data + offset, 1, slice.rows, width};
      }
      pass.final_state[k] = {run.states[k].numbers.data() + offset, 1, slice.rows, width};
    }
    batch.forward(slice, context);
    stop_if_requested(&observer);
    scatter<Scalar>(data, rows, slice.output(), false, run.output.span());
    const std::vector<Trace<Scalar>> traces = watched.trace(pass);
    for (std::size_t k = 0; k < traces.size(); ++k) {
      const Trace<Scalar>& trace = traces[k];
      if (run.traces.size() <= k) {
        run.traces.push_back(allocate(trace.name, {trace.steps, trace.width}));
      }
      scatter<Scalar>(data, rows, {trace.numbers.data(), trace.steps, trace.batch, trace.width},
                      false, run.traces[k].span());
    }
  }
  return run;
}

template Gradients<float> Model<float>::gradients(const Dataset<float>&, bool, Observer&);
template Gradients<double> Model<double>::gradients(const Dataset<double>&, bool, Observer&);
template LayerRun<float> Model<float>::run_layer(Index, const LayerInput<float>&, Observer&);
template LayerRun<double> Model<double>::run_layer(Index, const LayerInput<double>&, Observer&);

}  // namespace echocell
