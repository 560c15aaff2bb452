#include "trainer/evaluation/worst_images.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/space_check.h"
#include "trainer/data/file_bytes.h"
#include "trainer/evaluation/text_fields.h"
#include "trainer/evaluation/thumbnail.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFolder = "worst_images";

std::string thumbnail_name(std::size_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "%04zu.jpg", number);
  return name;
}

/// Thumbnails that an evaluation with more of them has left, in this run or an earlier one with the same --output-dir.
void remove_others(const fs::path& folder, std::size_t num_kept) {
  for (std::size_t number = num_kept + 1; fs::remove(folder / thumbnail_name(number)); ++number) continue;
}

json entry_of(const ImageSource& images, const ImageRecord& record) {
  const auto& classes = images.classes();
  return {{"index", record.index},
          {"name", images.relative_name(static_cast<std::size_t>(record.index))},
          {"label", classes.at(static_cast<std::size_t>(record.label))},
          {"prediction", classes.at(static_cast<std::size_t>(record.prediction()))},
          {"loss", json_number(record.loss)},
          {"label_probability", json_number(record.label_probability())},
          {"probability", json_number(record.top_probabilities[0])}};
}

}  // namespace

void write_worst_images(const fs::path& folder, const ImageSource& images, std::span<const ImageRecord> worst, const json& about,
                        const DecodeOptions& decode) {
  if (!worst.empty()) make_directories(folder / kFolder);
  json entries = json::array();
  for (const ImageRecord& record : worst) {
    entries.push_back(entry_of(images, record));
    const std::string name = thumbnail_name(entries.size());
    try {
      replace_file(folder / kFolder / name, make_thumbnail(images, static_cast<std::size_t>(record.index), kThumbnailSide, decode));
      entries.back()["thumbnail"] = std::string(kFolder) + "/" + name;
    } catch (const DataError& error) {
      log_warning(std::string("no thumbnail: ") + error.what());
      fs::remove(folder / kFolder / name);
    }
  }
  remove_others(folder / kFolder, worst.size());
  json contents = about;
  contents["images"] = entries;
  write_file_atomically(folder / "worst_images.json", contents.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace skein
