#include "launcher/named_run.h"

#include <algorithm>

#include "runtime/options/spelling.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

RunDirectory named_run(const std::filesystem::path& runs_dir, const std::string& name, const std::string& experiment) {
  std::error_code error;
  if (name.find('/') != std::string::npos && std::filesystem::is_directory(name, error))
    return RunDirectory(std::filesystem::canonical(name));
  std::vector<std::string> ids;
  for (const RunEntry& entry : list_runs(runs_dir, experiment)) ids.push_back(entry.id);
  const bool matches = std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
    return !name.empty() && (id.starts_with(name) || id.ends_with(name));
  });
  if (!matches)
    throw UsageError(concat("no run '", name, "' in ", runs_dir.string(), did_you_mean(name, ids)),
                     "see `skein runs ls` for the ids; --runs-dir says where runs are");
  return find_run(runs_dir, name, experiment);
}

}  // namespace skein
