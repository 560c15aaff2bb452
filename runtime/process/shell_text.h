#pragma once
// Command lines as a person would type them.

#include <string>
#include <vector>

namespace skein {

/// One argument, quoted for a shell where it needs to be.
std::string shell_quoted(const std::string& argument);
/// A whole command line.
std::string shell_quoted(const std::vector<std::string>& words);

}  // namespace skein
