#pragma once
// Copies what a run wrote to the user's --output-dir into the run's own outputs/.

#include <cstdint>
#include <filesystem>

namespace skein {

struct CollectedOutputs {
  std::uint64_t num_files = 0;
  std::uint64_t num_bytes = 0;
};

/// Copies the regular files below `from` that were modified at or after `since`, with their relative paths
/// and times, to `to`; each appears there whole or not at all. Hidden files, links, and everything below
/// `excluded` (the runs themselves, when the output directory is `.`) stay behind. Copies share their blocks
/// with the original where the file system can do that; they are no hard links, since the next run may
/// rewrite its --output-dir in place. Throws StorageError.
CollectedOutputs collect_outputs(const std::filesystem::path& from, const std::filesystem::path& to,
                                 std::filesystem::file_time_type since, const std::filesystem::path& excluded);

}  // namespace skein
