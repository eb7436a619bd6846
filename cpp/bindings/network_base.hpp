// What echocell._core.Network offers, whatever the scalar type.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bindings/data.hpp"
#include "bindings/observer.hpp"
#include "bindings/small_calls.hpp"

namespace echocell::bindings {

using LayerList = std::vector<std::shared_ptr<LayerOptions>>;
using Arrays = std::vector<py::array>;

/// A tuple (name, shape) for each parameter.
inline py::list to_list(const std::vector<Parameter>& parameters) {
  py::list list;
  for (const Parameter& p : parameters) list.append(py::make_tuple(p.name, to_tuple(p.shape)));
  return list;
}

/// A Model of one of the scalar types. _core.pyi says what the methods do.
class NetworkBase {
 public:
  NetworkBase() { live().insert(this); }
  virtual ~NetworkBase() { live().erase(this); }
  NetworkBase(const NetworkBase&) = delete;
  NetworkBase& operator=(const NetworkBase&) = delete;

  /// All that there are; changed with the GIL held.
  static std::set<NetworkBase*>& live() {
    static auto* networks = new std::set<NetworkBase*>;  // for networks that outlive all statics
    return *networks;
  }

  virtual std::string dtype() const = 0;
  virtual py::tuple output_shape(Index layer) = 0;
  virtual py::tuple output_shape_for(const Shape& sample) = 0;
  virtual bool timed_input() const = 0;
  virtual bool timed_output() const = 0;
  virtual std::optional<Index> layer_misled_by_padding() const = 0;
  virtual std::vector<Index> state_widths(Index layer) = 0;
  virtual py::list parameters(Index layer) = 0;
  virtual py::array get_parameter(Index layer, Index index) = 0;
  virtual void set_parameter(Index layer, Index index, const py::array& value) = 0;
  virtual void set_regularizer(Index layer, Index index, double l1, double l2) = 0;
  virtual void set_trainable(Index layer, bool trainable) = 0;
  virtual void compile(const LossOptions& loss, const std::vector<MetricOptions>& metrics,
                       const OptimizerOptions& optimizer) = 0;
  virtual void uncompile() = 0;
  virtual double learning_rate() = 0;
  virtual void set_learning_rate(double rate) = 0;
  virtual std::int64_t iterations() = 0;
  virtual void set_iterations(std::int64_t iterations) = 0;
  virtual std::vector<std::string> slot_names() = 0;
  virtual Arrays slots() = 0;
  virtual void set_slots(const Arrays& slots) = 0;
  virtual std::pair<std::uint64_t, std::uint64_t> random_state() = 0;
  virtual void set_random_state(std::pair<std::uint64_t, std::uint64_t> state) = 0;
  virtual std::uint64_t layer_draws() = 0;
  virtual void set_layer_draws(std::uint64_t draws) = 0;
  virtual std::vector<std::vector<double>> fit(const Source& data, const FitOptions& options,
                                               const std::optional<Source>& validation,
                                               Hooks hooks) = 0;
  virtual std::vector<double> train_on_batch(const Source& data, Index bptt_steps) = 0;
  virtual std::vector<double> evaluate(const Source& data, Index batch_size, Hooks hooks) = 0;
  virtual py::array predict(const py::array& x, const OptionalArray& lengths, Index batch_size,
                            Hooks hooks) = 0;
  virtual Index state_batch() = 0;
  virtual py::array step(const py::array& x) = 0;
  virtual void reset_states(Index layer, const std::optional<std::vector<Index>>& rows) = 0;
  virtual Arrays get_states(Index layer) = 0;
  virtual void set_states(Index layer, const Arrays& states) = 0;
  virtual py::tuple run_layer(Index layer, const py::array& x, const OptionalArray& mask,
                              const std::optional<Arrays>& initial_state, bool training) = 0;
  virtual py::dict trace_layer(Index layer, const py::array& x, const OptionalArray& mask,
                               const std::optional<Arrays>& initial_state, bool from_input) = 0;
  virtual py::tuple gradients(const Source& data, bool training) = 0;
  virtual Index workspace_bytes() = 0;
  /// Lets go of the memory for batches, unless the network is in use.
  virtual void release_workspaces() = 0;
  /// Throws std::invalid_argument where a call that changes anything would be refused.
  virtual void require_open() = 0;
  virtual SmallCallsBase& small_calls() = 0;
};

}  // namespace echocell::bindings
