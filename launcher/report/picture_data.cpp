#include "launcher/report/picture_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launcher/report/base64.h"
#include "launcher/report/curve_data.h"
#include "launcher/report/file_text.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxPictures = 200;

/// By its first bytes; empty for anything else.
std::string media_type(std::string_view bytes) {
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("GIF8")) return "image/gif";
  return "";
}

/// A member as text or number; null where it is neither.
json member(const json& entry, const char* name) {
  if (!entry.is_object() || !entry.contains(name)) return nullptr;
  const json& value = entry.at(name);
  if (value.is_number()) return short_number(value.get<double>());
  return value.is_string() ? value : json(nullptr);
}

bool is_below(const fs::path& file, const fs::path& folder) {
  const fs::path relative = fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(folder));
  return !relative.empty() && *relative.begin() != "..";
}

/// Adds what it takes to `used_bytes`. Throws DataError where it cannot be shown.
std::string data_uri(const fs::path& outputs, const std::string& name, std::uint64_t& used_bytes, std::uint64_t max_bytes) {
  const fs::path file = outputs / name;
  if (!is_below(file, outputs)) throw DataError(concat("worst_images.json names ", name, ", which is not in ", outputs.string()));
  const auto bytes = file_text(file, max_bytes);
  if (!bytes) throw DataError(concat(file.string(), " is missing"));
  const std::string type = media_type(*bytes);
  if (type.empty()) throw DataError(concat(file.string(), " is no JPEG, PNG or GIF"));
  used_bytes += bytes->size();
  return used_bytes > max_bytes ? "" : concat("data:", type, ";base64,", base64(*bytes));
}

json picture_json(const json& entry) {
  json picture;
  for (const char* name : {"name", "label", "prediction", "loss", "probability", "label_probability"})
    picture[name] = member(entry, name);
  return picture;
}

void add_pictures(json& pictures, const json& entries, const fs::path& outputs, std::uint64_t max_bytes, Problems& problems) {
  std::uint64_t used_bytes = 0;
  for (const json& entry : entries) {
    if (pictures.size() == kMaxPictures || used_bytes > max_bytes) break;
    attempt(problems, [&] {
      const json thumbnail = member(entry, "thumbnail");
      if (!thumbnail.is_string()) return;  // the picture could not be read any more
      json picture = picture_json(entry);
      picture["source"] = data_uri(outputs, thumbnail, used_bytes, max_bytes);
      if (!picture["source"].get<std::string>().empty()) pictures.push_back(std::move(picture));
    });
  }
  if (pictures.size() < entries.size() && (pictures.size() == kMaxPictures || used_bytes > max_bytes))
    problems.push_back(concat((outputs / "worst_images.json").string(), ": the first ", pictures.size(), " of ", entries.size(),
                              " pictures are shown, to keep the page small"));
}

}  // namespace

json pictures_json(const fs::path& outputs, std::uint64_t max_bytes, Problems& problems) {
  json pictures;
  attempt(problems, [&] {
    const fs::path file = outputs / "worst_images.json";
    const auto text = file_text(file);
    if (!text) return;
    const json list = json::parse(*text, nullptr, /*allow_exceptions=*/false);
    const json entries = list.is_object() ? list.value("images", json()) : json();
    if (!entries.is_array()) throw DataError(file.string() + " holds no list of images");
    pictures = json::array();
    add_pictures(pictures, entries, outputs, max_bytes, problems);
  });
  return pictures;
}

}  // namespace skein
