#pragma once
// A setting as somebody wrote it, before it meets its option; the command line and YAML both come down to
// these.

#include <string>
#include <vector>

namespace skein {

struct RawSetting {
  std::string name;                ///< "--lr" or a YAML key, as written
  std::vector<std::string> texts;  ///< one per value, in order
  bool is_null = false;            ///< YAML's `key:` or `key: null`
  bool is_sequence = false;        ///< YAML's [a, b]
  std::string name_place;          ///< file:line:column of the key; empty on the command line
  std::string value_place;         ///< file:line:column of the value; empty on the command line
};

}  // namespace skein
