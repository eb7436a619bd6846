// The options that all recurrent layers have.
#pragma once

#include "numerics/activations.hpp"
#include "numerics/shape.hpp"

namespace echocell {

struct RecurrentSettings {
  Index units = 0;
  Activation activation = Activation::tanh;
  bool use_bias = true;
  bool return_sequences = false;
  bool stateful = false;
  bool go_backwards = false;
  double dropout = 0;            // of the inputs; one mask for all steps (Gal & Ghahramani 2016)
  double recurrent_dropout = 0;  // of h(t-1); then every gate draws a mask of its own, as in Keras
  // The output at a masked step is 0, and not that of the step before; so is the last output where
  // the last step of a sequence is masked.
  bool zero_output_for_mask = false;
  bool truncated = false;  // no gradient goes back to h(t-1), only to cell states
};

}  // namespace echocell
