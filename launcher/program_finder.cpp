#include "launcher/program_finder.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "skein-";

bool is_program(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && access(file.c_str(), X_OK) == 0;
}

}  // namespace

fs::path own_directory() {
  return fs::read_symlink("/proc/self/exe").parent_path();
}

std::vector<std::string> sibling_commands(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto entry = fs::directory_iterator(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(kPrefix) && is_program(entry->path())) names.push_back(name.substr(kPrefix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

fs::path find_program(const std::string& name, const fs::path& directory, const std::string& search_path) {
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) return name;
    throw UsageError(concat(name, fs::exists(name) ? " is not an executable file" : " does not exist"),
                     "check the program's path");
  }
  if (is_program(directory / name)) return directory / name;
  std::istringstream directories(search_path);
  for (std::string part; std::getline(directories, part, ':');)
    if (is_program(fs::path(part) / name)) return fs::path(part) / name;
  throw UsageError(concat("no program '", name, "' beside skein (", directory.string(), ") or in PATH"),
                   concat("give its path: ./", name));
}

}  // namespace skein
