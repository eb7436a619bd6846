// Calls that are made a hundred thousand times a second: one sample to fit, one time step. They go
// past pybind11's dispatcher, take plain arrays alone, and keep the GIL, for they are shorter than
// handing it over. Each gives None where something is not plain, small or right; nothing has
// happened then, and the ordinary call of that name does the work or says what is wrong.
#pragma once

#include "bindings/occupancy.hpp"
#include "bindings/small_data.hpp"

namespace echocell::bindings {

/// What Python sees, whatever the scalar type. All give a new reference.
class SmallCallsBase {
 public:
  virtual ~SmallCallsBase() = default;
  /// A list of a row of logs per epoch.
  virtual PyObject* fit(PyObject* x, PyObject* y, Index batch_size, Index epochs, bool shuffle) = 0;
  /// The logs.
  virtual PyObject* train(PyObject* x, PyObject* y) = 0;
  virtual PyObject* predict(PyObject* x, Index batch_size) = 0;
  virtual PyObject* step(PyObject* x) = 0;
};

inline PyObject* none() {
  Py_INCREF(Py_None);
  return Py_None;
}

/// A list of numbers.
inline py::list to_list(const std::vector<double>& numbers) {
  py::list list(numbers.size());
  for (std::size_t k = 0; k < numbers.size(); ++k) list[k] = numbers[k];
  return list;
}

template <class Scalar>
class SmallCalls final : public SmallCallsBase {
 public:
  SmallCalls(Model<Scalar>& model, Occupancy& occupancy)
      : model_(model), occupancy_(occupancy), data_(model) {}

  PyObject* fit(PyObject* x, PyObject* y, Index batch_size, Index epochs, bool shuffle) override {
    if (!ready_to_train(x, y) || epochs < 1 || data_.work() * 3 > kMostWork / epochs) return none();
    const Index rows = batch_rows(batch_size);
    const bool several = data_.set().samples > rows;
    // Of a stateful model that is shuffled Python has something to say.
    if (rows == 0 || (shuffle && several && model_.network().stateful())) return none();
    FitOptions options;
    options.batch_size = rows;
    options.epochs = epochs;
    if (!shuffle || model_.network().stateful()) options.shuffle = Shuffle::none;
    const auto guard = occupancy_.enter();
    Observer nobody;
    const auto logs = model_.fit(data_.set(), options, nullptr, nobody);
    py::list list(logs.size());
    for (std::size_t k = 0; k < logs.size(); ++k) list[k] = to_list(logs[k]);
    return list.release().ptr();
  }
  PyObject* train(PyObject* x, PyObject* y) override {
    if (!ready_to_train(x, y) || data_.work() * 3 > kMostWork) return none();
    if (batch_rows(data_.set().samples) == 0) return none();
    const auto guard = occupancy_.enter();
    Observer nobody;
    return to_list(model_.train_on_batch(data_.set(), nobody)).release().ptr();
  }
  PyObject* predict(PyObject* x, Index batch_size) override {
    if (!occupancy_.open() || !data_.load_x(x) || data_.work() > kMostWork) return none();
    const Index rows = batch_rows(batch_size);
    if (rows == 0) return none();
    const auto guard = occupancy_.enter();
    PyObject* y = new_array<Scalar>(data_.set().samples, data_.output());
    if (y == nullptr) throw py::error_already_set();
    const auto owner = py::reinterpret_steal<py::object>(y);
    Observer nobody;
    const Index size = data_.set().samples * volume(data_.output());
    model_.predict(data_.set(), rows, {numbers_of<Scalar>(y), size}, nobody);
    return owner.inc_ref().ptr();
  }
  PyObject* step(PyObject* object) override {
    const PlainArray x(object);
    if (!x || x.axes() == 0 || x.axes() > 2 || !occupancy_.open()) return none();
    Stepper<Scalar>& stepper = model_.stepper();
    const Index batch = x.extent(0), carried = model_.states().batch();
    if (!stepper.is_prepared(batch) || (carried != 0 && carried != batch)) return none();
    const Index width = stepper.input_width();
    const bool fits = x.axes() == 2 ? x.extent(1) == width : data_.takes_ids() && width == 1;
    if (!fits || stepper.work() > kMostWork) return none();
    const Scalar* numbers = step_numbers(x, batch * width);
    if (numbers == nullptr) return none();
    const auto guard = occupancy_.enter();
    PyObject* y = new_array<Scalar>(batch, stepper.output_shape());
    if (y == nullptr) throw py::error_already_set();
    const auto owner = py::reinterpret_steal<py::object>(y);
    stepper.run(model_.states(), {numbers, batch * width},
                {numbers_of<Scalar>(y), batch * volume(stepper.output_shape())}, nullptr);
    return owner.inc_ref().ptr();
  }

 private:
  // Multiplications that take well under a millisecond.
  static constexpr Index kMostWork = 4000000;

  bool ready_to_train(PyObject* x, PyObject* y) {
    return occupancy_.open() && model_.compiled() && data_.load_x(x) && data_.load_y(y);
  }
  /// The rows of a batch; 0: a stateful model does not take such batches.
  Index batch_rows(Index batch_size) {
    const Index samples = data_.set().samples;
    if (batch_size < 1) return 0;
    if (!model_.network().stateful()) return std::min(batch_size, samples);
    const Index carried = model_.states().batch();
    return samples % batch_size == 0 && (carried == 0 || carried == batch_size) ? batch_size : 0;
  }
  /// Finite numbers, or ids; null: they are not.
  const Scalar* step_numbers(const PlainArray& x, Index count) {
    const Scalar* numbers = x.numbers<Scalar>();
    if (numbers != nullptr) {
      if (!all_finite(numbers, count)) return nullptr;
    } else {
      if (step_.size() < std::size_t(count)) step_.resize(std::size_t(count));
      if (!x.copy_to(step_.data())) return nullptr;
      numbers = step_.data();
    }
    return data_.are_ids(numbers, count) ? numbers : nullptr;
  }

  Model<Scalar>& model_;
  Occupancy& occupancy_;
  SmallData<Scalar> data_;
  std::vector<Scalar> step_;
};

}  // namespace echocell::bindings
