#pragma once
// The hosts of a job and how many ranks each may hold, from -H/--host or from a hostfile. Grammar:
// hostfiles/README.md.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace skein {

struct Host {
  std::string name;
  std::optional<int> slots;      ///< ranks it is meant for; empty: as many as it has cores
  std::optional<int> max_slots;  ///< ranks it may hold at most, even with --oversubscribe; empty: no limit
  bool operator==(const Host&) const = default;
};

using HostList = std::vector<Host>;  ///< each name once, in the order of their first mention

/// "a:2,b:2"; a host without a number counts one slot for each mention. Throws UsageError naming the part.
HostList parse_hosts(const std::string& text);

/// Throws ConfigError with file:line for what does not parse, and for a file without hosts.
HostList read_hostfile(const std::filesystem::path& file);

/// Slots of all hosts together; empty when some host's are unknown until the job starts there.
std::optional<int> total_slots(const HostList& hosts);

}  // namespace skein
