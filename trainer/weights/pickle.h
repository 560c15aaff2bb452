#pragma once
// The part of Python's pickle format (protocol 2) that state dicts use, read as symbols: a call in the file
// becomes a record of that call. Nothing is looked up, imported or run.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skein {

/// One value of a pickle. Values refer to each other by their index in PickleDocument::values, so that
/// neither cycles nor deep nesting in a hostile file can hurt.
struct PickleValue {
  enum class Kind { kNone, kBool, kInt, kFloat, kString, kList, kTuple, kDict, kGlobal, kCall, kPersistentId };
  using Index = uint32_t;

  Kind kind = Kind::kNone;
  int64_t integer = 0;       // kBool, kInt
  std::string text;          // kString; kGlobal and kCall: "module.name" of what is meant or called
  std::vector<Index> items;  // kList, kTuple; kDict: key, value, key, value, ...; kCall: the tuple of
                             // arguments; kPersistentId: the id
};

struct PickleDocument {
  std::vector<PickleValue> values;
  PickleValue::Index root = 0;

  const PickleValue& operator[](PickleValue::Index index) const { return values[index]; }
};

/// Reads a pickle of the file `path`, which only names it in errors. `allowed` says which "module.name" may
/// appear; others, unknown opcodes and anything cut short or senseless throw DataError, which names them. An
/// OrderedDict is a kDict like any other, and attributes set on a dict are dropped.
PickleDocument read_pickle(const std::string& path, std::span<const std::byte> bytes,
                           const std::function<bool(std::string_view)>& allowed);

}  // namespace skein
