#pragma once
// Finds the programs that belong together: those in the directory of the running executable.

#include <filesystem>
#include <string>
#include <vector>

namespace skein {

/// Where the running executable lies.
std::filesystem::path own_directory();

/// Names X of the executable files skein-X in `directory`, sorted.
std::vector<std::string> sibling_commands(const std::filesystem::path& directory);

/// The file to start for a program's name: as it stands with a slash in it; else from `directory`; else from
/// `search_path` (PATH: directories between colons). Throws UsageError when there is none or it is not
/// executable.
std::filesystem::path find_program(const std::string& name, const std::filesystem::path& directory,
                                   const std::string& search_path);

}  // namespace skein
