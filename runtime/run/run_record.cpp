#include "runtime/run/run_record.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/json_lines.h"

namespace skein {
namespace {

using nlohmann::json;

void apply_state(json& record, const json& event) {
  if (is_final(recorded_state(record))) return;
  json entry = event;
  entry.erase("event");
  record["state"] = event.at("state");
  record["state_history"].push_back(entry);
  const auto state = parse_state(event.at("state").get<std::string>());
  if (state && is_final(*state)) record["ended"] = event.at("time");
  if (event.contains("reason")) record["reason"] = event.at("reason");
}

void apply_created(json& record, const json& event) {
  record = event.at("run");
  record["created"] = event.at("time");
  record["state"] = state_name(RunState::kNotStarted);
  record["state_history"] = json::array({{{"state", record["state"]}, {"time", event.at("time")}}});
}

/// What was known before stays, unless the new attempt says otherwise.
void apply_continued(json& record, const json& event) {
  for (const auto& [name, value] : event.at("run").items()) record[name] = value;
  record["attempts"] = record.value("attempts", 1) + 1;
  record.erase("reason");
  record.erase("ended");
  record["state"] = state_name(RunState::kNotStarted);
  record["state_history"].push_back({{"state", record["state"]}, {"time", event.at("time")}});
}

/// Bytes that are no UTF-8, as file names may hold, become replacement characters.
std::string dump(const json& value, int indent = -1) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

json read_run_json(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in.is_open()) throw DataError(concat(file.parent_path().string(), " holds no run"), "see `skein runs ls`");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  json record = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) throw DataError(concat(file.string(), " is not a JSON object"), "copy the run again");
  return record;
}

void require_known_version(const std::filesystem::path& directory, const json& record) {
  const int version = record.value("schema_version", 0);
  if (version > kRunSchemaVersion)
    throw DataError(concat(directory.string(), " was written by a newer Skein (run format ", version,
                           ", this one knows ", kRunSchemaVersion, ")"),
                    "use that version to read it");
}

}  // namespace

void apply_event(json& record, const json& event) {
  try {
    const std::string kind = event.at("event");
    if (kind == "created") return apply_created(record, event);
    if (!record.is_object()) throw DataError(concat("an event before the run was created: ", event.dump()));
    if (kind == "continued") apply_continued(record, event);
    if (kind == "state") apply_state(record, event);
    if (kind == "tag") record["tags"][event.at("name").get<std::string>()] = event.at("value");
    if (kind == "note") record["notes"].push_back({{"time", event.at("time")}, {"text", event.at("text")}});
    if (kind == "set") record[event.at("name").get<std::string>()] = event.at("value");
    if (kind == "metrics") record["metrics"] = event.at("metrics");
    if (kind == "outputs")
      record["outputs"] = {
          {"from", event.at("from")}, {"num_files", event.at("num_files")}, {"num_bytes", event.at("num_bytes")}};
  } catch (const json::exception& error) {
    throw DataError(concat("an event that makes no sense: ", event.dump(), " (", error.what(), ")"));
  }
}

json read_run_record(const std::filesystem::path& directory) {
  const std::filesystem::path events = directory / "events.jsonl";
  json record;
  try {
    read_json_lines(events, [&](const json& event) { apply_event(record, event); });
  } catch (const DataError& error) {
    throw DataError(concat(events.string(), ": ", error.what()), "copy the run again");
  }
  if (record.is_null()) record = read_run_json(directory / "run.json");
  require_known_version(directory, record);
  return record;
}

RunState recorded_state(const json& record) {
  return parse_state(record.value("state", "")).value_or(RunState::kNotStarted);
}

void record_failure(const std::filesystem::path& directory, const std::string& reason) {
  const json event = {{"time", utc_text(unix_seconds())},
                      {"event", "state"},
                      {"state", state_name(RunState::kFailed)},
                      {"reason", reason}};
  AppendFile(directory / "events.jsonl").append(dump(event));
}

RunRecord::RunRecord(const std::filesystem::path& directory, const json& run, bool continues)
    : file_(directory / "run.json"), events_(directory / "events.jsonl"), record_(std::make_unique<json>()) {
  json identity = run;
  identity["schema_version"] = kRunSchemaVersion;
  if (continues) *record_ = read_run_record(directory);
  add(continues ? "continued" : "created", {{"run", identity}});
}

RunRecord::~RunRecord() = default;

RunState RunRecord::state() const {
  return recorded_state(*record_);
}

void RunRecord::set_state(RunState next, const std::string& reason) {
  if (!is_legal_transition(state(), next))
    throw UsageError(concat("a run that is ", state_name(state()), " cannot become ", state_name(next)));
  json fields = {{"state", state_name(next)}};
  if (!reason.empty()) fields["reason"] = reason;
  add("state", std::move(fields));
}

void RunRecord::add(const std::string& kind, json fields) {
  fields["time"] = utc_text(unix_seconds());
  fields["event"] = kind;
  json next = *record_;
  apply_event(next, fields);
  events_.append(dump(fields));
  events_.sync();
  *record_ = std::move(next);
  write_file_atomically(file_, dump(*record_, 2) + "\n");
}

}  // namespace skein
