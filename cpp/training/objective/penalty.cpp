#include "training/objective/penalty.hpp"

#include <cmath>

namespace echocell {

template <class Scalar>
double penalty(const Network<Scalar>& network) {
  double sum = 0;
  for (const ParameterBlock& block : network.blocks()) {
    if (block.l1 == 0 && block.l2 == 0) continue;
    double absolute = 0, square = 0;
    for (Index j = block.offset; j < block.offset + block.size; ++j) {
      const double w = static_cast<double>(network.values()[j]);
      absolute += std::abs(w);
      square += w * w;
    }
    sum += block.l1 * absolute + block.l2 * square;
  }
  return sum;
}

template <class Scalar>
void add_penalty_gradient(const Network<Scalar>& network, Scalar* gradients) {
  for (const ParameterBlock& block : network.blocks()) {
    if (block.l1 == 0 && block.l2 == 0) continue;
    const Scalar l1 = static_cast<Scalar>(block.l1), l2 = static_cast<Scalar>(2 * block.l2);
    for (Index j = block.offset; j < block.offset + block.size; ++j) {
      const Scalar w = network.values()[j];
      const Scalar sign = w > Scalar(0) ? Scalar(1) : w < Scalar(0) ? Scalar(-1) : Scalar(0);
      gradients[j] += l1 * sign + l2 * w;
    }
  }
}

template double penalty<float>(const Network<float>&);
template double penalty<double>(const Network<double>&);
template void add_penalty_gradient<float>(const Network<float>&, float*);
template void add_penalty_gradient<double>(const Network<double>&, double*);

}  // namespace echocell
