// Keras's names of enumerators: activations, losses, metrics, optimizers.
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
template <class Kind, std::size_t N>
Kind find_kind(const KindName<Kind> (&table)[N], const std::string& name) {
  std::string known;
  for (const auto& row : table) {
    if (name == row.name) return row.kind;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw std::invalid_argument("expected one of " + known + "; received \"" + name + "\"");
}

/// The name of that kind in the table, which has all of them.
template <class Kind, std::size_t N>
const char* name_of(const KindName<Kind> (&table)[N], Kind kind) {
  for (const auto& row : table) {
    if (row.kind == kind) return row.name;
  }
  return "";
}

}  // namespace echocell
