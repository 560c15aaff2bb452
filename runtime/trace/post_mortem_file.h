#pragma once
// The post-mortems of a job, as the ranks left them (docs/formats.md). Plain data.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace skein {

/// One call of one rank. Times are seconds since 1970 UTC, by rank 0's clock.
struct TracedCall {
  std::uint64_t sequence = 0;
  std::string text;    ///< "allreduce #12 'layer3' float32 x 1024, sum"
  std::string digest;  ///< equal on two ranks that asked for the same; empty before it was announced
  double begun = 0;
  std::optional<double> met;
  std::optional<double> finished;
};

/// One communicator as one rank knew it.
struct TracedCommunicator {
  std::vector<int> ranks;        ///< of the world
  std::uint64_t num_calls = 0;   ///< ever begun; calls are numbered from 0
  bool ended = false;            ///< the rank had no more use for it
  std::map<std::uint64_t, TracedCall> calls;  ///< the last ones, by sequence
};

/// What one rank left.
struct RankReport {
  int rank = 0;
  int world_size = 0;
  std::string host;
  double time = 0;  ///< when it was written, by its own host's system clock
  std::string error_kind;
  std::string error_message;
  std::map<std::string, TracedCommunicator> communicators;  ///< by name
};

/// What all of them left.
struct JobReport {
  std::filesystem::path directory;  ///< where the files lie
  int world_size = 0;
  std::map<int, RankReport> ranks;  ///< of those that left one

  std::vector<int> missing() const;
  /// "rank 3 (node07)"; without the host where it is not known or there is only one.
  std::string describe(int rank) const;
};

/// Throws DataError naming the file when it is cut short or is no post-mortem.
RankReport read_post_mortem(const std::filesystem::path& file);
/// `directory`: that of the post-mortems, or a run's, which holds it. Throws DataError when there are none, or when they
/// are of different jobs.
JobReport read_post_mortems(const std::filesystem::path& directory);

}  // namespace skein
