// The states that a model carries from batch to batch: h and c of every recurrent layer.
#pragma once

#include <string>
#include <vector>

#include "training/network/batch.hpp"

namespace echocell {

/// Throws std::invalid_argument where a batch of this size follows on states of another.
void require_batch(Index carried, Index batch);

/// The carried states of a network: two sets, one to read from and one to write to, so that a batch
/// that is broken off leaves no trace.
template <class Scalar>
class States {
 public:
  explicit States(const Network<Scalar>& network);

  /// The batch size of what is carried; 0: nothing is.
  Index batch() const { return batch_; }
  /// Makes room for this batch size; if nothing is carried yet, a batch begins with zeros, and
  /// nothing is carried still, until commit(). Throws std::invalid_argument if states of another
  /// batch size are carried.
  void require(Index batch);
  /// Lets the batch begin with the carried states and write the next ones: in stateful layers, or
  /// in all of them. In the others a batch begins with zeros and forgets.
  void bind(Batch<Scalar>& batch, bool all_layers);
  /// Carries what the batch wrote from now on.
  void commit();

  /// State k of a node, [batch, width]. Only where states are carried.
  Span<const Scalar> state(Index node, Index k) const {
    return current_[std::size_t(node)][std::size_t(k)].span();
  }
  /// Carries these states of a node, [batch, width] each, one for each that it has. Throws as
  /// require() does.
  void set(Index node, Index batch, const std::vector<Span<const Scalar>>& values);
  /// Forgets everything, so that another batch size can come.
  void clear();
  /// Begins anew with this batch size: with zeros, in stateful layers with what `carried` holds.
  void restart(Index batch, const States& carried);
  /// Takes over the states of the stateful layers, for the same batch size.
  void take_stateful(const States& from);
  /// Sets to zero the states of one node, or those rows of it. Throws std::invalid_argument where
  /// a row is not in the batch.
  void zero(Index node, const std::vector<Index>* rows);

 private:
  using Set = std::vector<std::vector<Buffer<Scalar>>>;  // [node][k]
  Set allocate(Index batch) const;
  void require_rows(const std::vector<Index>& rows) const;

  const Network<Scalar>& network_;
  std::vector<bool> stateful_;              // of the nodes
  std::vector<std::vector<Index>> widths_;  // [node][k]
  Index batch_ = 0;                         // of what is carried
  Index room_ = 0;  // the batch size of the sets below; where batch_ is not 0 the same
  bool all_bound_ = false;
  Set current_, next_;
};

}  // namespace echocell
