#include "trainer/data/import/import_record.h"

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/file_bytes.h"

namespace skein {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kFileName = ".skein-import.json";

json to_json(const ImportEntry& entry) {
  json folders = json::object();
  for (const auto& [name, content] : entry.folders)
    folders[name] = {{"files", content.num_files}, {"bytes", content.num_bytes}};
  return {{"split", entry.split}, {"parameters", entry.parameters}, {"complete", entry.complete}, {"folders", folders}};
}

ImportEntry from_json(const json& value) {
  ImportEntry entry{value.at("split"), value.at("parameters"), value.at("complete"), {}};
  for (const auto& [name, content] : value.at("folders").items())
    entry.folders[name] = {content.at("files"), content.at("bytes")};
  return entry;
}

}  // namespace

ImportRecord::ImportRecord(const fs::path& out) : file_(out / kFileName) {
  if (!fs::exists(file_)) return;
  std::vector<uint8_t> buffer;
  const auto text = read_file(file_, buffer);
  try {
    const json whole = json::parse(text.begin(), text.end());
    for (const json& value : whole.at("imports")) entries_.push_back(from_json(value));
  } catch (const json::exception& failure) {
    throw DataError(concat(file_.string(), " is damaged: ", failure.what()),
                    concat("remove it and the class folders in ", out.string(), ", and import again"));
  }
}

const ImportEntry* ImportRecord::find(const std::string& split, const json& parameters) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const ImportEntry& entry) {
    return entry.split == split && entry.parameters == parameters;
  });
  return found == entries_.end() ? nullptr : &*found;
}

void ImportRecord::put(const ImportEntry& entry) {
  std::erase_if(entries_, [&](const ImportEntry& other) {
    return other.split == entry.split && other.parameters == entry.parameters;
  });
  entries_.push_back(entry);
  json imports = json::array();
  for (const ImportEntry& each : entries_) imports.push_back(to_json(each));
  const std::string text = json{{"imports", imports}}.dump(2) + "\n";
  replace_file(file_, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

FolderContent content_of(const fs::path& folder) {
  FolderContent content;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (is_temporary(entry.path())) continue;
    ++content.num_files;
    content.num_bytes += entry.is_regular_file() ? entry.file_size() : 0;
  }
  return content;
}

}  // namespace skein
