#pragma once
// A report shows what can be read; what cannot be is named on it.

#include <exception>
#include <string>
#include <vector>

namespace skein {

/// One line each, with the name of the file.
using Problems = std::vector<std::string>;

/// Calls `part`; what it throws becomes a problem, told by its first line.
template <class Part>
void attempt(Problems& problems, Part&& part) {
  try {
    part();
  } catch (const std::exception& error) {
    const std::string message = error.what();
    problems.push_back(message.substr(0, message.find('\n')));
  }
}

}  // namespace skein
