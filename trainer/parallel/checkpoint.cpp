#include "trainer/parallel/checkpoint.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/space_check.h"
#include "trainer/weights/mapped_file.h"
#include "trainer/weights/tensor_file.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kTensors = "state.safetensors";
constexpr const char* kManifest = "manifest.json";
constexpr const char* kPrefix = "step_";
constexpr const char* kUnfinished = ".new-";
constexpr const char* kReplaced = ".old-";
constexpr const char* kRemedy = "use another checkpoint, or leave --resume out";

std::uint32_t crc_of(const void* data, std::size_t num_bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, static_cast<const Bytef*>(data), num_bytes));
}

json describe_file(const fs::path& file) {
  const MappedFile mapping(file.string());
  return {{"bytes", mapping.bytes().size()}, {"crc32", crc_of(mapping.bytes().data(), mapping.bytes().size())}};
}

/// Only this very text is taken for a manifest.
std::string render(const json& manifest) {
  const std::string text = manifest.dump();
  return json{{"manifest", manifest}, {"crc32", crc_of(text.data(), text.size())}}.dump(2) + "\n";
}

std::string directory_name(std::int64_t step) {
  std::ostringstream name;
  name << kPrefix << std::setfill('0') << std::setw(9) << step;
  return name.str();
}

/// Throws DataError. Returns the manifest proper.
json read_manifest(const fs::path& directory) {
  const fs::path file = directory / kManifest;
  if (!fs::exists(file) && fs::exists(directory / "checkpoint.json"))
    throw DataError(concat(directory.string(), " is a checkpoint of format 1, which an older Skein wrote without a way to go on; "
                                               "this one reads format ", kCheckpointFormat),
                    "take its weights with --weights");
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open()) throw DataError(concat(directory.string(), " holds no checkpoint: it has no ", kManifest), kRemedy);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const json whole = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto member = [&](const json& object, const char* name) { return object.is_object() && object.contains(name); };
  if (member(whole, "manifest") && member(whole["manifest"], "format") && whole["manifest"]["format"].is_number_integer())
    if (const auto format = whole["manifest"]["format"].get<std::int64_t>();
        format != kCheckpointFormat && render(whole["manifest"]) == text)
      throw DataError(concat(directory.string(), " is a checkpoint of format ", format, ", this Skein reads format ", kCheckpointFormat),
                      format > kCheckpointFormat ? "use the newer Skein that wrote it" : "take its weights with --weights");
  if (!member(whole, "manifest") || render(whole["manifest"]) != text)
    throw DataError(concat(file.string(), " is damaged: it is not what was written"), kRemedy);
  return whole["manifest"];
}

void check_file(const fs::path& file, const json& expected) {
  if (!fs::exists(file)) throw DataError(concat(file.string(), " is missing"), kRemedy);
  const json found = describe_file(file);
  if (found["bytes"] != expected["bytes"])
    throw DataError(concat(file.string(), " is damaged: it has ", found["bytes"].dump(), " bytes instead of ", expected["bytes"].dump()), kRemedy);
  if (found["crc32"] != expected["crc32"])
    throw DataError(concat(file.string(), " is damaged: its checksum is not the one in ", kManifest), kRemedy);
}

/// A directory cannot be renamed over one that is not empty, so that one steps aside.
void put_in_place(const fs::path& fresh, const fs::path& target) {
  const fs::path old = target.parent_path() / concat(kReplaced, target.filename().string());
  fs::remove_all(old);
  if (fs::exists(target)) fs::rename(target, old);
  fs::rename(fresh, target);
  fs::remove_all(old);
  sync_directory(target.parent_path());
}

std::optional<double> score_of(const fs::path& directory) try {
  const json manifest = read_manifest(directory);
  return manifest.contains("score") ? std::optional<double>(manifest["score"].get<double>()) : std::nullopt;
} catch (const DataError&) {
  return std::nullopt;
}

void clean(const fs::path& folder, const CheckpointPolicy& policy) {
  std::vector<fs::path> candidates = list_checkpoints(folder);
  const auto num_last = std::min<std::size_t>(candidates.size(), static_cast<std::size_t>(std::max(1, policy.keep_last)));
  candidates.erase(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(num_last));
  std::vector<std::pair<double, fs::path>> scored;
  for (const fs::path& directory : candidates)
    if (const auto score = score_of(directory)) scored.emplace_back(*score, directory);
  std::ranges::stable_sort(scored, std::greater<>(), &std::pair<double, fs::path>::first);
  scored.resize(std::min(scored.size(), static_cast<std::size_t>(std::max(0, policy.keep_best))));
  for (const fs::path& directory : candidates)
    if (std::ranges::find(scored, directory, &std::pair<double, fs::path>::second) == scored.end()) fs::remove_all(directory);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(concat(kUnfinished, kPrefix)) || name.starts_with(concat(kReplaced, kPrefix)))
      fs::remove_all(entry.path());
  }
}

}  // namespace

fs::path write_checkpoint(const fs::path& folder, const Checkpoint& checkpoint, const CheckpointPolicy& policy) {
  const fs::path target = folder / directory_name(checkpoint.step);
  const fs::path fresh = folder / concat(kUnfinished, target.filename().string());
  try {
    fs::remove_all(fresh);
    make_directories(fresh);
    write_tensor_file((fresh / kTensors).string(), {checkpoint.tensors, {}});
    json manifest = {{"format", kCheckpointFormat},
                     {"step", checkpoint.step},
                     {"facts", json::parse(checkpoint.facts)},
                     {"files", {{kTensors, describe_file(fresh / kTensors)}}}};
    if (checkpoint.score) manifest["score"] = *checkpoint.score;
    write_file_atomically(fresh / kManifest, render(manifest));
    put_in_place(fresh, target);
    clean(folder, policy);
    return target;
  } catch (const fs::filesystem_error& failure) {
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    throw StorageError(concat("cannot write a checkpoint in ", folder.string(), ": ", failure.code().message()),
                       "make room there, or choose another --output-dir or --runs-dir");
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    throw;
  }
}

Checkpoint read_checkpoint(const fs::path& directory) {
  const json manifest = read_manifest(directory);
  check_file(directory / kTensors, manifest.at("files").at(kTensors));
  Checkpoint checkpoint;
  checkpoint.step = manifest.at("step");
  checkpoint.facts = manifest.at("facts").dump();
  if (manifest.contains("score")) checkpoint.score = manifest.at("score").get<double>();
  checkpoint.tensors = read_tensor_file((directory / kTensors).string()).tensors;
  return checkpoint;
}

std::vector<fs::path> list_checkpoints(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().filename().string().starts_with(kPrefix) || entry->path().filename().string().starts_with("epoch_"))
      found.push_back(entry->path());
  if (error && error != std::errc::no_such_file_or_directory)
    throw DataError(concat("cannot read ", folder.string(), ": ", error.message()), "check its permissions");
  std::ranges::sort(found, std::greater<>());
  return found;
}

std::optional<FoundCheckpoint> newest_checkpoint(const fs::path& folder) {
  FoundCheckpoint found;
  for (const fs::path& directory : list_checkpoints(folder)) try {
      found.checkpoint = read_checkpoint(directory);
      found.directory = directory;
      return found;
    } catch (const DataError& error) {
      found.refused.emplace_back(error.what());
    }
  if (found.refused.empty()) return std::nullopt;
  std::string reasons;
  for (const std::string& reason : found.refused) reasons += "\n  " + reason.substr(0, reason.find('\n'));
  throw DataError(concat("none of the checkpoints in ", folder.string(), " can be read:", reasons),
                  "use a checkpoint from elsewhere, or remove these to start afresh");
}

}  // namespace skein
