#include "training/objective/penalty.hpp"

#include "numerics/sums.hpp"

namespace echocell {

template <class Scalar>
double penalty(const Network<Scalar>& network) {
  double sum = 0;
  for (const ParameterBlock& block : network.blocks()) {
    if (!penalized(block)) continue;
    const ConstArrayView<Scalar> w = network.values().part(block.offset, block.size).array();
    sum += block.l1 * sum_of_magnitudes<Scalar>(w) + block.l2 * sum_of_squares<Scalar>(w);
  }
  return sum;
}

template <class Scalar>
void add_penalty_gradient(const Network<Scalar>& network, ArrayView<Scalar> gradients) {
  for (const ParameterBlock& block : network.blocks()) {
    if (!penalized(block)) continue;
    const Scalar l1 = static_cast<Scalar>(block.l1), l2 = static_cast<Scalar>(block.l2);
    const ConstArrayView<Scalar> w = network.values().part(block.offset, block.size).array();
    gradients.segment(block.offset, block.size) += l1 * w.sign() + 2 * l2 * w;
  }
}

template double penalty<float>(const Network<float>&);
template double penalty<double>(const Network<double>&);
template void add_penalty_gradient<float>(const Network<float>&, ArrayView<float>);
template void add_penalty_gradient<double>(const Network<double>&, ArrayView<double>);

}  // namespace echocell
