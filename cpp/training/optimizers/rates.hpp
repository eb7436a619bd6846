// The factors of one update.
#pragma once

namespace echocell {

template <class Scalar>
struct Rates {
  Scalar rate;    // the learning rate after `decay`
  Scalar shrink;  // rate times weight decay; the decay comes first, as in Keras
  Scalar alpha;   // rate with Adam's correction of the bias
};

}  // namespace echocell
