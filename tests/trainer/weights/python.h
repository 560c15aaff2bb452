#pragma once
// Python as the other side of a test: it makes files that Skein reads, and reads files that Skein made.

#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace skein::test {

/// Runs a script of tests/trainer/ (path relative to it) with the Python of .venv; fails the running test,
/// with what the script said, unless it succeeds. Returns whether it did.
bool run_python(const std::string& script, const std::vector<std::string>& arguments);

class TemporaryFolder : private TemporaryDirectory {
 public:
  std::string path(const std::string& name = "") const { return TemporaryDirectory::path() / name; }
  std::string write(const std::string& name, const std::string& contents) const;
};

}  // namespace skein::test
