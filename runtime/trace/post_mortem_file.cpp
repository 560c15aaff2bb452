#include "runtime/trace/post_mortem_file.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kTakeAway =
    "copy it again from where the rank ran, or take it away: the rank then counts as one that left nothing";

TracedCall call_of(const json& record, double offset_ns) {
  const auto seconds = [&](const char* key) { return (record.at(key).get<double>() + offset_ns) / 1e9; };
  TracedCall call;
  call.sequence = record.at("sequence");
  call.text = record.at("text");
  call.digest = record.value("digest", "");
  call.begun = seconds("begun_ns");
  if (record.contains("met_ns")) call.met = seconds("met_ns");
  if (record.contains("finished_ns")) call.finished = seconds("finished_ns");
  return call;
}

RankReport report_of(const json& record) {
  RankReport report;
  report.rank = record.at("rank");
  report.world_size = record.at("world_size");
  report.host = record.at("host");
  report.time = record.at("time");
  report.error_kind = record.at("error").at("kind");
  report.error_message = record.at("error").at("message");
  if (!record.contains("communicators")) return report;  // it ended before it made one
  for (const json& communicator : record.at("communicators"))
    report.communicators[communicator.at("name")] = {
        communicator.at("ranks"), communicator.at("num_calls"), communicator.at("ended"), {}};
  const double offset_ns = record.contains("clock") ? record.at("clock").at("offset_ns").get<double>() : 0;
  for (const json& entry : record.at("calls")) {
    TracedCall call = call_of(entry, offset_ns);
    report.communicators.at(entry.at("communicator")).calls[call.sequence] = std::move(call);
  }
  return report;
}

bool is_post_mortem(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("rank_") && name.ends_with(".json");
}

std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(directory, problem))
    if (is_post_mortem(entry.path())) files.push_back(entry.path());
  if (problem) throw DataError(concat("cannot read ", directory.string(), ": ", problem.message()));
  std::sort(files.begin(), files.end());
  return files;
}

void check_same_job(const RankReport& report, const JobReport& job, const fs::path& file) {
  if (report.world_size != job.world_size || report.rank < 0 || report.rank >= job.world_size)
    throw DataError(concat(file.string(), " is of rank ", report.rank, " of ", report.world_size,
                           ", the files before it are of a job of ", job.world_size, " ranks"),
                    "give each job a directory of its own");
  if (job.ranks.contains(report.rank))
    throw DataError(concat(file.string(), " is a second post-mortem of rank ", report.rank),
                    "give each job a directory of its own");
}

}  // namespace

std::vector<int> JobReport::missing() const {
  std::vector<int> result;
  for (int rank = 0; rank < world_size; ++rank)
    if (!ranks.contains(rank)) result.push_back(rank);
  return result;
}

std::string JobReport::describe(int rank) const {
  std::set<std::string> hosts;
  for (const auto& [other, report] : ranks) hosts.insert(report.host);
  const auto own = ranks.find(rank);
  if (hosts.size() < 2 || own == ranks.end()) return concat("rank ", rank);
  return concat("rank ", rank, " (", own->second.host, ")");
}

RankReport read_post_mortem(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw DataError("cannot read " + file.string());
  try {
    return report_of(json::parse(in));
  } catch (const json::parse_error& problem) {
    throw DataError(concat(file.string(), " is cut short or no JSON: ", problem.what()), kTakeAway);
  } catch (const std::exception& problem) {
    throw DataError(concat(file.string(), " is not a post-mortem that this version knows: ", problem.what()), kTakeAway);
  }
}

/// Of a run the last attempt that left some: those of earlier attempts are in post-mortem-1, post-mortem-2 and so on.
fs::path post_mortems_of(const fs::path& directory) {
  if (fs::is_directory(directory / "post-mortem")) return directory / "post-mortem";
  fs::path last = directory;
  for (int attempt = 1; fs::is_directory(directory / concat("post-mortem-", attempt)); ++attempt)
    last = directory / concat("post-mortem-", attempt);
  return last;
}

JobReport read_post_mortems(const fs::path& directory) {
  JobReport job;
  job.directory = post_mortems_of(directory);
  for (const fs::path& file : files_in(job.directory)) {
    RankReport report = read_post_mortem(file);
    if (job.ranks.empty()) job.world_size = report.world_size;
    check_same_job(report, job, file);
    job.ranks.emplace(report.rank, std::move(report));
  }
  if (job.ranks.empty())
    throw DataError(concat(job.directory.string(), " holds no post-mortems (rank_NNNN.json)"),
                    "they are written when a job fails: in RUN/post-mortem by the trainer, elsewhere where "
                    "World::post_mortem().set_directory() says");
  return job;
}

}  // namespace skein
