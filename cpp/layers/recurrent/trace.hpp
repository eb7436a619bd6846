// Gates and states over time, for those who look inside a recurrent layer.
//
// B batch, T time steps, F features, H units, n blocks of the kernel (LSTM 4, GRU 3, others 1), Hp
// units and N columns of all blocks, both padded to whole packets.
#pragma once

#include "layers/recurrent/recurrence.hpp"

namespace echocell {

/// A block of the gates of the units [first, first + width); zeros at masked steps.
template <class Scalar>
Trace<Scalar> gate_trace(const char* name, const Recurrence<Scalar>& walk, Index block, Index first,
                         Index width);
/// The same of all units.
template <class Scalar>
Trace<Scalar> gate_trace(const char* name, const Recurrence<Scalar>& walk, Index block) {
  return gate_trace(name, walk, block, 0, walk.extents.units);
}

/// A state, h or c, after each step: of the units that are put out.
template <class Scalar>
Trace<Scalar> state_trace(const char* name, const Recurrence<Scalar>& walk,
                          RowsView<Scalar> (Sequence<Scalar>::*state)(Index) const);

}  // namespace echocell
