#include "runtime/trace/timeline.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/trace/rank_ranges.h"
#include "runtime/trace/timeline_part.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<TimelineContent> read_parts(const fs::path& directory) {
  std::vector<TimelineContent> parts;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(directory, problem))
    if (entry.path().extension() == ".part") parts.push_back(read_timeline_part(entry.path()));
  if (parts.empty())
    throw ConfigError("no parts of a timeline (rank_NNNN.part) in " + directory.string(),
                      "give the folder FILE.parts that the ranks of a job with --timeline FILE have left");
  // What an earlier job of more ranks has left.
  const auto start_of = [](const TimelineContent& part) { return part.clock.job_start_ns; };
  const std::int64_t last_start = start_of(*std::max_element(
      parts.begin(), parts.end(), [&](const auto& a, const auto& b) { return start_of(a) < start_of(b); }));
  std::erase_if(parts, [&](const auto& part) { return start_of(part) != last_start; });
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
  return parts;
}

/// One event a line, so that a file of millions needs no more memory than one of few.
class EventWriter {
 public:
  explicit EventWriter(std::ostream& out) : out_(out) { out_ << "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"; }
  void write(const json& event) {
    out_ << (first_ ? "" : ",\n") << event.dump(-1, ' ', false, json::error_handler_t::replace);
    first_ = false;
  }
  void end(const json& other_data) { out_ << "\n], \"otherData\": " << other_data.dump() << "}\n"; }

 private:
  std::ostream& out_;
  bool first_ = true;
};

/// The events of one rank.
class RankEvents {
 public:
  RankEvents(const TimelineContent& part, EventWriter& writer) : part_(part), writer_(writer) {
    name("process_name", 0, concat("rank ", part.rank, " (", part.host, ")"));
    writer_.write({{"ph", "M"}, {"name", "process_sort_index"}, {"pid", part.rank}, {"tid", 0}, {"args", {{"sort_index", part.rank}}}});
    for (const TimelineRecord& record : part.records)
      end_ns_ = std::max({end_ns_, record.begun_ns, record.met_ns, record.finished_ns});
  }
  void write(const TimelineRecord& record) {
    const std::string name = record.name[0] != '\0' ? concat(record.operation.data(), " ", record.name.data())
                                                    : std::string(record.operation.data());
    const int thread = thread_of(record.communicator.data());
    const bool finished = record.finished_ns != 0;
    const std::int64_t end = finished ? record.finished_ns : end_ns_;
    if (record.asked_ns < record.begun_ns) queue(name, thread, record);
    json args{{"sequence", record.sequence}, {"bytes", record.num_bytes}, {"dtype", record.dtype.data()}};
    if (!finished) args["unfinished"] = true;
    slice(name, thread, record.begun_ns, end, std::move(args));
    if (record.met_ns == 0 && !finished) return slice("wait", thread, record.begun_ns, end);
    if (record.met_ns == 0) return;
    slice("wait", thread, record.begun_ns, record.met_ns);
    slice("transfer", thread, record.met_ns, end);
  }

 private:
  double microseconds(std::int64_t steady_ns) const {
    return static_cast<double>(steady_ns + part_.clock.offset_ns - part_.clock.job_start_ns) / 1e3;
  }
  void name(const char* what, int thread, const std::string& text) {
    writer_.write({{"ph", "M"}, {"name", what}, {"pid", part_.rank}, {"tid", thread}, {"args", {{"name", text}}}});
  }
  int thread_of(const std::string& communicator) {
    const auto [found, is_new] = threads_.try_emplace(communicator, static_cast<int>(threads_.size()) + 1);
    if (is_new) name("thread_name", found->second, communicator);
    return found->second;
  }
  void slice(const std::string& name, int thread, std::int64_t begin, std::int64_t end, json args = json::object()) {
    writer_.write({{"ph", "X"},
                   {"cat", "collective"},
                   {"name", name},
                   {"pid", part_.rank},
                   {"tid", thread},
                   {"ts", microseconds(begin)},
                   {"dur", static_cast<double>(std::max<std::int64_t>(end - begin, 0)) / 1e3},
                   {"args", std::move(args)}});
  }
  /// Calls that are queued overlap, which slices of one thread may not.
  void queue(const std::string& name, int thread, const TimelineRecord& record) {
    const std::string id = concat(part_.rank, ".", num_queued_++);
    for (const auto& [phase, time] : {std::pair{"b", record.asked_ns}, std::pair{"e", record.begun_ns}})
      writer_.write({{"ph", phase},
                     {"cat", "queue"},
                     {"name", "queued: " + name},
                     {"id", id},
                     {"pid", part_.rank},
                     {"tid", thread},
                     {"ts", microseconds(time)}});
  }

  const TimelineContent& part_;
  EventWriter& writer_;
  std::map<std::string, int> threads_;
  std::uint64_t num_queued_ = 0;
  std::int64_t end_ns_ = 0;
};

TimelineSummary write_events(const std::vector<TimelineContent>& parts, std::ostream& out) {
  TimelineSummary summary;
  EventWriter writer(out);
  std::int64_t uncertainty_ns = 0;
  for (const TimelineContent& part : parts) {
    summary.world_size = std::max(summary.world_size, part.world_size);
    summary.ranks.push_back(part.rank);
    summary.num_dropped += part.num_dropped;
    uncertainty_ns = std::max(uncertainty_ns, part.clock.uncertainty_ns);
    RankEvents events(part, writer);
    for (const TimelineRecord& record : part.records) {
      events.write(record);
      ++summary.num_calls;
      if (record.finished_ns == 0) ++summary.num_unfinished;
    }
  }
  writer.end({{"world_size", summary.world_size},
              {"ranks", summary.ranks},
              {"dropped_calls", summary.num_dropped},
              {"clock_uncertainty_us", static_cast<double>(uncertainty_ns) / 1e3}});
  return summary;
}

}  // namespace

std::string TimelineSummary::describe() const {
  std::string text = concat(num_calls, " calls of ", ranks.size(), ranks.size() == 1 ? " rank" : " ranks");
  std::vector<int> missing(world_size);
  std::iota(missing.begin(), missing.end(), 0);
  std::erase_if(missing, [&](int rank) { return std::find(ranks.begin(), ranks.end(), rank) != ranks.end(); });
  if (!missing.empty()) text += concat("; nothing of ranks ", rank_ranges(missing));
  if (num_unfinished != 0) text += concat("; ", num_unfinished, " had not finished");
  if (num_dropped != 0) text += concat("; ", num_dropped, " more found no room");
  return text;
}

fs::path timeline_parts_of(const fs::path& timeline) {
  return timeline.string() + ".parts";
}

fs::path timeline_of_parts(const fs::path& directory) {
  const fs::path plain = directory.has_filename() ? directory : directory.parent_path();
  return plain.extension() == ".parts" ? fs::path(plain).replace_extension() : directory / "timeline.json";
}

void require_timeline_place(const fs::path& timeline) {
  std::error_code ignored;
  fs::path folder = fs::absolute(timeline).parent_path();
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();  // it is made later
  if (fs::is_directory(timeline, ignored) || !timeline.has_filename())
    throw UsageError(concat("the timeline ", timeline.string(), " is a folder"),
                     concat("name a file, e.g. ", (timeline / "timeline.json").string()));
  if (!fs::is_directory(folder, ignored))
    throw UsageError(concat("the timeline ", timeline.string(), " would be in ", folder.string(), ", which is no folder"),
                     "choose another one");
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    throw StorageError(concat("the timeline ", timeline.string(), " cannot be written in ", folder.string()), "choose another folder");
}

TimelineSummary write_timeline(const fs::path& directory, const fs::path& output) {
  const std::vector<TimelineContent> parts = read_parts(directory);
  const fs::path temporary = concat(output.string(), ".", getpid(), ".tmp");
  std::ofstream out(temporary, std::ios::binary);
  const TimelineSummary summary = write_events(parts, out);
  out.close();
  std::error_code problem;
  if (out) fs::rename(temporary, output, problem);
  if (!out || problem) {
    fs::remove(temporary, problem);
    throw StorageError("cannot write the timeline " + output.string(), "choose another file for it");
  }
  return summary;
}

}  // namespace skein
