#pragma once
// Python as the other side of a test: it makes files that Skein reads, and reads files that Skein made.

#include <filesystem>
#include <string>
#include <vector>

namespace skein::test {

/// Runs a script of tests/trainer/ (path relative to it) with the Python of .venv; fails the running test,
/// with what the script said, unless it succeeds. Returns whether it did.
bool run_python(const std::string& script, const std::vector<std::string>& arguments);

/// A new folder for one test, removed with all it holds when it goes out of scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name = "") const { return path_ / name; }
  std::string write(const std::string& name, const std::string& contents) const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::string& path);

}  // namespace skein::test
