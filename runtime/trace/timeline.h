#pragma once
// The parts of a timeline put together: one file in the Trace Event Format of Chrome, which ui.perfetto.dev shows.
// (N. Duca and D. Sinclair, "Trace Event Format".)

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace skein {

/// What was put together.
struct TimelineSummary {
  int world_size = 0;
  std::vector<int> ranks;      ///< whose parts were there
  std::uint64_t num_calls = 0;
  std::uint64_t num_unfinished = 0;
  std::uint64_t num_dropped = 0;  ///< for which a part had no room

  /// "1200 calls of 4 ranks", and what is missing, as sentences for the user.
  std::string describe() const;
};

/// Where the ranks of a job that writes `timeline` leave their parts.
std::filesystem::path timeline_parts_of(const std::filesystem::path& timeline);
/// The other way round; a file `timeline.json` in a folder with another name.
std::filesystem::path timeline_of_parts(const std::filesystem::path& directory);

/// Throws UsageError or StorageError where no timeline can be written to that file. Missing folders are made later.
void require_timeline_place(const std::filesystem::path& timeline);

/// Writes `output`, whole or not at all, from the parts of the last job in `directory`. A process is a rank, a thread one of its
/// communicators; each call is a slice with "wait" (for other ranks) and "transfer" inside, and before it, where it was
/// queued, an asynchronous slice. Throws ConfigError when there is no part or one is broken, and StorageError.
TimelineSummary write_timeline(const std::filesystem::path& directory, const std::filesystem::path& output);

}  // namespace skein
