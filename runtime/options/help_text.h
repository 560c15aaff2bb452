#pragma once
// Renders --help from the table.

#include <memory>
#include <string>
#include <vector>

#include "runtime/options/option.h"

namespace skein {

/// A plain argument, as --help shows it.
struct ArgumentHelp {
  std::string placeholder;  ///< "ID", "[PATTERN]", "PROGRAM [ARGS...]"
  std::string help;
};

struct HelpPage {
  std::string program;
  std::string description;
  std::vector<ArgumentHelp> arguments;
  std::string examples;  ///< lines at the end, as they are; may be empty
};

/// The whole page, at most `width` columns, ending in a newline. Groups appear in the order of their first
/// option.
std::string help_text(const HelpPage& page, const std::vector<std::unique_ptr<Option>>& options,
                      std::size_t width = 100);

}  // namespace skein
