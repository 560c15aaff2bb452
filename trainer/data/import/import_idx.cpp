#include "trainer/data/import/import_idx.h"

#include <zlib.h>

#include <algorithm>
#include <iomanip>
#include <set>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/encode_jpeg.h"
#include "trainer/data/encode_png.h"
#include "trainer/data/file_bytes.h"
#include "trainer/data/import/idx_file.h"
#include "trainer/data/import/import_record.h"

namespace skein {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kDefaultQuality = 90;

/// The pictures that go into one class folder.
struct ClassSelection {
  std::string name;
  std::vector<size_t> indices;
};

void check_folder_name(const std::string& name, const char* flag) {
  const bool safe = !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
                    name.find('\0') == std::string::npos;
  if (!safe)
    throw UsageError(concat(flag, ": '", name, "' cannot be the name of a folder"),
                     "give each class a name without '/' that does not begin with '.'");
}

void check_classes(const IdxImport& options) {
  std::set<std::string> known;
  for (const std::string& name : options.classes) {
    check_folder_name(name, "--classes");
    if (!known.insert(name).second) throw UsageError(concat("--classes: '", name, "' is given twice"));
  }
  for (const std::string& name : options.only)
    if (!options.classes.empty() && !known.count(name))
      throw UsageError(concat("--only: '", name, "' is not among --classes"), "spell it as there");
}

void check(const IdxImport& options) {
  check_folder_name(options.split, "--split");
  check_classes(options);
  if (options.limit_per_class && *options.limit_per_class < 1)
    throw UsageError(concat("--limit-per-class is ", *options.limit_per_class), "ask for at least one picture");
  if (options.offset_per_class < 0) throw UsageError(concat("--offset-per-class is ", options.offset_per_class));
  if (options.format != "png" && options.format != "jpeg")
    throw UsageError(concat("--format ", options.format, " is unknown"), "use png or jpeg");
  if (options.quality && options.format == "png")
    throw UsageError("--quality has no meaning for png, which loses nothing", "leave it out, or use --format jpeg");
  if (options.quality && (*options.quality < 1 || *options.quality > 100))
    throw UsageError(concat("--quality is ", *options.quality), "it goes from 1 to 100");
}

/// Size and CRC-32 of a file: what it is, wherever it lies.
json fingerprint(const fs::path& path) {
  std::vector<uint8_t> buffer;
  const auto bytes = read_file(path, buffer);
  return {{"bytes", bytes.size()}, {"crc32", crc32_z(0, bytes.data(), bytes.size())}};
}

/// All that decides about the files an import writes.
json parameters_of(const IdxImport& options) {
  json parameters{{"images", fingerprint(options.images)},
                  {"labels", fingerprint(options.labels)},
                  {"classes", options.classes},
                  {"only", options.only},
                  {"offset_per_class", options.offset_per_class},
                  {"format", options.format}};
  parameters["limit_per_class"] = options.limit_per_class ? json(*options.limit_per_class) : json();
  if (options.format == "jpeg") parameters["quality"] = options.quality.value_or(kDefaultQuality);
  return parameters;
}

bool is_still_there(const fs::path& split_folder, const ImportEntry& entry) {
  return std::all_of(entry.folders.begin(), entry.folders.end(),
                     [&](const auto& folder) { return content_of(split_folder / folder.first) == folder.second; });
}

ImportSummary summary_of(const ImportEntry& entry, bool was_complete) {
  ImportSummary summary{0, entry.folders.size(), was_complete};
  for (const auto& [name, content] : entry.folders) summary.num_images += content.num_files;
  return summary;
}

/// `number` with zeros in front, as many digits as `largest` has.
std::string padded(size_t number, size_t largest) {
  return concat(std::setfill('0'), std::setw(static_cast<int>(std::to_string(largest).size())), number);
}

std::vector<std::string> class_names(const IdxImport& options, const std::vector<uint8_t>& labels) {
  const size_t largest = *std::max_element(labels.begin(), labels.end());
  if (options.classes.empty()) {
    std::vector<std::string> names;
    for (size_t label = 0; label <= largest; ++label) names.push_back(padded(label, largest));
    return names;
  }
  if (options.classes.size() > largest + 1)
    throw UsageError(concat("--classes names ", options.classes.size(), " classes, but the labels in ",
                            options.labels.string(), " go from 0 to ", largest),
                     "give one name for each label");
  if (options.classes.size() <= largest) {
    const auto first =
        std::find_if(labels.begin(), labels.end(), [&](uint8_t l) { return l >= options.classes.size(); });
    throw DataError(concat("IDX file ", options.labels.string(), ": label ", int{*first}, " of picture ",
                           first - labels.begin(), " has no name: --classes gives ", options.classes.size()),
                    "give one name for each label");
  }
  return options.classes;
}

void check_counts(const IdxImport& options, const IdxImages& images, const std::vector<uint8_t>& labels) {
  if (images.num_images != labels.size())
    throw DataError(concat("IDX files do not belong together: ", options.images.string(), " has ", images.num_images,
                           " pictures (byte 4), ", options.labels.string(), " has ", labels.size(), " labels (byte 4)"),
                    "give the labels of the same split");
  if (labels.empty()) throw DataError(concat("IDX file ", options.labels.string(), " holds no label"));
}

std::vector<ClassSelection> select(const IdxImport& options, const std::vector<uint8_t>& labels) {
  const std::vector<std::string> names = class_names(options, labels);
  for (const std::string& wanted : options.only)
    if (std::find(names.begin(), names.end(), wanted) == names.end())
      throw UsageError(concat("--only: there is no class '", wanted, "'"),
                       "without --classes, the classes are numbers");
  std::vector<ClassSelection> selection;
  for (size_t label = 0; label < names.size(); ++label) {
    if (!options.only.empty() &&
        std::find(options.only.begin(), options.only.end(), names[label]) == options.only.end())
      continue;
    std::vector<size_t> indices;
    for (size_t i = 0; i < labels.size(); ++i)
      if (labels[i] == label) indices.push_back(i);
    const size_t num_available = indices.size();
    indices.erase(indices.begin(), indices.begin() + std::min<size_t>(options.offset_per_class, num_available));
    if (options.limit_per_class) indices.resize(std::min<size_t>(indices.size(), *options.limit_per_class));
    if (indices.empty())
      throw DataError(concat("class '", names[label], "' has ", num_available, " pictures in ", options.labels.string(),
                             ": none is left"),
                      "lower --offset-per-class, or leave the class out with --only");
    selection.push_back({names[label], std::move(indices)});
  }
  return selection;
}

void refuse_foreign_files(const fs::path& split_folder, const std::vector<ClassSelection>& selection) {
  for (const ClassSelection& chosen : selection) {
    const fs::path folder = split_folder / chosen.name;
    if (content_of(folder).num_files > 0)
      throw DataError(
          concat("class folder ", folder.string(), " already holds files that another import, or you, put there"),
          concat("remove it, or import into another folder"));
  }
}

/// Writes pictures as files, with memory reused.
class PictureWriter {
 public:
  PictureWriter(const IdxImport& options, const IdxImages& images) : options_(options), images_(images) {}

  /// Returns the bytes of the file.
  size_t write(const fs::path& folder, size_t index) {
    const auto pixels = images_.image(index);
    const PictureShape shape{images_.width, images_.height, 1};
    const bool png = options_.format == "png";
    if (png)
      encode_png(pixels.data(), shape, bytes_);
    else
      encode_jpeg(pixels.data(), shape, options_.quality.value_or(kDefaultQuality), bytes_);
    replace_file(folder / concat(padded(index, images_.num_images - 1), png ? ".png" : ".jpg"), bytes_);
    return bytes_.size();
  }

 private:
  const IdxImport& options_;
  const IdxImages& images_;
  std::vector<uint8_t> bytes_;
};

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw StorageError(concat("cannot create ", folder.string(), ": ", error.message()),
                       "check the path and its permissions");
}

FolderContent write_class(const fs::path& folder, const ClassSelection& chosen, PictureWriter& writer) {
  create_folder(folder);
  FolderContent content;
  for (size_t index : chosen.indices) content.num_bytes += writer.write(folder, index);
  content.num_files = chosen.indices.size();
  return content;
}

}  // namespace

ImportSummary import_idx(const IdxImport& options) {
  check(options);
  const fs::path split_folder = options.out / options.split;
  ImportEntry entry{options.split, parameters_of(options), false, {}};
  ImportRecord record(options.out);
  const ImportEntry* before = record.find(entry.split, entry.parameters);
  if (before && before->complete && is_still_there(split_folder, *before)) return summary_of(*before, true);

  const IdxImages images = read_idx_images(options.images);
  const std::vector<uint8_t> labels = read_idx_labels(options.labels);
  check_counts(options, images, labels);
  const std::vector<ClassSelection> selection = select(options, labels);
  if (!before) refuse_foreign_files(split_folder, selection);

  create_folder(options.out);
  record.put(entry);
  PictureWriter writer(options, images);
  for (const ClassSelection& chosen : selection)
    entry.folders[chosen.name] = write_class(split_folder / chosen.name, chosen, writer);
  entry.complete = true;
  record.put(entry);
  return summary_of(entry, false);
}

}  // namespace skein
