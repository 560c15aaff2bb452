#include "trainer/data/inspect/split_folder.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/pack/new_file.h"
#include "trainer/data/pack/sha256.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

/// Images that stay together.
struct Group {
  std::string order;  ///< decides about its place
  std::vector<size_t> images;
};

std::string group_name(const std::string& relative_name, const std::string& separator) {
  if (separator.empty()) return relative_name;
  const fs::path path(relative_name);
  const std::string file = path.filename().string();
  return (path.parent_path() / file.substr(0, file.find(separator))).string();
}

std::vector<Group> groups_of_class(const ImageFolder& folder, int64_t label, const SplitOptions& options) {
  std::map<std::string, Group> by_name;
  for (size_t i = 0; i < folder.num_images(); ++i)
    if (folder.label(i) == label) by_name[group_name(folder.relative_name(i), options.group_separator)].images.push_back(i);
  std::vector<Group> groups;
  for (auto& [name, group] : by_name) {
    group.order = hex(Sha256().add(concat(options.seed, ":", name)).finish());
    groups.push_back(std::move(group));
  }
  std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.order < b.order; });
  return groups;
}

/// Takes whole groups from the end of `groups` until they are closest to `num_wanted` images, at least one.
std::vector<size_t> take(std::vector<Group>& groups, double num_wanted) {
  std::vector<size_t> taken;
  while (!groups.empty()) {
    const auto next = static_cast<double>(groups.back().images.size()), so_far = static_cast<double>(taken.size());
    if (!taken.empty() && so_far + next / 2 > num_wanted) break;
    taken.insert(taken.end(), groups.back().images.begin(), groups.back().images.end());
    groups.pop_back();
  }
  return taken;
}

struct Part {
  std::string name;
  double share;
  std::vector<size_t> images;
};

void divide_class(const ImageFolder& folder, int64_t label, const SplitOptions& options, std::vector<Part>& parts) {
  std::vector<Group> groups = groups_of_class(folder, label, options);
  size_t num_images = 0;
  for (const Group& group : groups) num_images += group.images.size();
  const auto refuse = [&] {
    throw DataError(concat("class '", folder.classes()[static_cast<size_t>(label)], "' of ", folder.place(), " has ", num_images,
                           " images", options.group_separator.empty() ? "" : concat(" in ", groups.size(), " groups"),
                           ": too few for ", parts.size(), " parts"),
                    "give it more images, ask for fewer parts, or remove its folder");
  };
  if (groups.size() < parts.size()) refuse();
  for (size_t i = parts.size() - 1; i > 0; --i) {
    const auto taken = take(groups, parts[i].share * static_cast<double>(num_images));
    parts[i].images.insert(parts[i].images.end(), taken.begin(), taken.end());
  }
  if (groups.empty()) refuse();
  for (const Group& group : groups) parts[0].images.insert(parts[0].images.end(), group.images.begin(), group.images.end());
}

[[noreturn]] void fail(const fs::path& path, const std::error_code& error, SplitLink link) {
  const bool crosses = link == SplitLink::kHard && (error == std::errc::cross_device_link || error == std::errc::operation_not_permitted);
  throw StorageError(concat("cannot write ", path.string(), ": ", error.message()),
                     crosses ? "hard links need both folders on one file system: use --link symbolic or --link copy"
                             : "check free space and permissions");
}

void place_image(const fs::path& from, const fs::path& to, SplitLink link) {
  std::error_code error;
  const fs::path file = fs::canonical(from, error);
  if (error) throw DataError(concat("cannot read ", from.string(), ": ", error.message()));
  fs::create_directories(to.parent_path(), error);
  if (!error && link == SplitLink::kHard) fs::create_hard_link(file, to, error);
  if (!error && link == SplitLink::kSymbolic) fs::create_symlink(file, to, error);
  if (!error && link == SplitLink::kCopy) fs::copy_file(file, to, error);
  if (error) fail(to, error, link);
}

void check(const SplitOptions& options) {
  if (!(options.val_share > 0 && options.val_share < 1) || !(options.test_share >= 0 && options.test_share < 1) ||
      options.val_share + options.test_share >= 1)
    throw UsageError(concat("--val ", options.val_share, " and --test ", options.test_share, " leave nothing for training"),
                     "give shares of each class whose sum is below 1, e.g. --val 0.2");
  std::error_code error;
  if (fs::exists(options.out, error) && !(fs::is_directory(options.out, error) && fs::is_empty(options.out, error)))
    throw UsageError(concat(options.out.string(), " exists already"), "name a new folder; nothing is overwritten");
  const fs::path from = fs::weakly_canonical(options.source), to = fs::weakly_canonical(options.out);
  if (std::mismatch(from.begin(), from.end(), to.begin(), to.end()).first == from.end())
    throw UsageError(concat(options.out.string(), " lies within ", options.source.string()), "name a folder outside of it");
}

/// A folder under construction, removed unless it is published.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& target) : target_(target), temporary_(hidden_name(target, ".tmp")) {}
  ~NewFolder() {
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  const fs::path& path() const { return temporary_; }
  void publish() const {
    std::error_code error;
    fs::rename(temporary_, target_, error);
    if (error) fail(target_, error, SplitLink::kCopy);
  }

 private:
  fs::path target_;
  fs::path temporary_;
};

fs::path without_trailing_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

SplitSummary split_folder(const SplitOptions& options) {
  check(options);
  const ImageFolder folder(options.source);
  std::vector<Part> parts{{"train", 0, {}}, {"val", options.val_share, {}}};
  if (options.test_share > 0) parts.push_back({"test", options.test_share, {}});
  for (size_t label = 0; label < folder.classes().size(); ++label)
    divide_class(folder, static_cast<int64_t>(label), options, parts);
  const NewFolder out(without_trailing_slash(options.out));
  SplitSummary summary;
  summary.num_classes = folder.classes().size();
  for (const Part& part : parts) {
    for (const size_t image : part.images)
      place_image(folder.path(image), out.path() / part.name / folder.relative_name(image), options.link);
    summary.parts.push_back({part.name, part.images.size()});
  }
  out.publish();
  return summary;
}

}  // namespace skein
