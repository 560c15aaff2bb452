#pragma once
// What `skein tune` and tune_links, which it starts on the hosts, ask alike.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/options/option_table.h"

namespace skein {

struct TuneOptions {
  std::filesystem::path output = "links.json";
  int repeats = 7;
  std::int64_t max_bytes = 4 << 20;

  /// This must outlive the table's parsing.
  void declare(OptionTable& table);
  /// The command line that says the same.
  std::vector<std::string> words() const;
};

}  // namespace skein
