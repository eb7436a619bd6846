// From Keras's name of a loss, a metric or an optimizer to its enumerator.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace echocell {

template <class Kind>
struct KindName {
  const char* name;
  Kind kind;
};

/// The kind of that name in the table; throws std::invalid_argument that lists the names.
/// `what` is the noun of the message: "loss", ...
template <class Kind, std::size_t N>
Kind find_kind(const KindName<Kind> (&table)[N], const char* what, const std::string& name) {
  std::string known;
  for (const auto& row : table) {
    if (name == row.name) return row.kind;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw std::invalid_argument("unknown " + std::string(what) + ": expected one of " + known +
                              "; received \"" + name + "\"");
}

}  // namespace echocell
