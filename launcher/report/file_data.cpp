#include "launcher/report/file_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/report/file_text.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxFiles = 1000;
constexpr std::size_t kMaxLogs = 128;
constexpr std::uint64_t kLogsBytes = 400 << 10;  // of all ranks together

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
    if (entry->is_regular_file(error) && !entry->path().filename().string().starts_with('.')) files.push_back(entry->path());
  if (error && error != std::errc::no_such_file_or_directory)
    throw DataError(concat("cannot read ", folder.string(), ": ", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

void limit(std::vector<fs::path>& files, std::size_t most, const fs::path& folder, Problems& problems) {
  if (files.size() <= most) return;
  problems.push_back(concat(folder.string(), ": the first ", most, " of ", files.size(), " files are shown"));
  files.resize(most);
}

}  // namespace

json files_json(const fs::path& run, Problems& problems) {
  json result = json::array();
  attempt(problems, [&] {
    std::vector<fs::path> files = files_below(run);
    limit(files, kMaxFiles, run, problems);
    for (const fs::path& file : files) {
      std::error_code gone;  // a run that is being written replaces its checkpoints
      const std::uint64_t num_bytes = fs::file_size(file, gone);
      if (!gone) result.push_back({file.lexically_relative(run).string(), num_bytes});
    }
  });
  return result;
}

json logs_json(const fs::path& run, Problems& problems) {
  json result = json::array();
  attempt(problems, [&] {
    std::vector<fs::path> files = files_below(run / "logs");
    limit(files, kMaxLogs, run / "logs", problems);
    const std::uint64_t bytes_each = std::clamp<std::uint64_t>(kLogsBytes / std::max<std::size_t>(files.size(), 1), 2048, 24 << 10);
    for (const fs::path& file : files)
      attempt(problems, [&] {
        const std::string text = file_tail(file, bytes_each);
        result.push_back({{"name", file.filename().string()}, {"text", text}, {"is_cut", text.size() < fs::file_size(file)}});
      });
  });
  return result;
}

}  // namespace skein
