#include "trainer/data/pack/open_source.h"

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/pack/packed_images.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

fs::path packed_split(const fs::path& data_set, const std::string& name) {
  return data_set / (name + ".h5");
}

bool has_split(const fs::path& data_set, const std::string& name) {
  std::error_code error;
  return fs::is_directory(data_set / name, error) || fs::exists(packed_split(data_set, name), error);
}

}  // namespace

std::shared_ptr<const ImageSource> open_source(const fs::path& path, const ImageSource* training) {
  std::error_code error;
  if (!fs::exists(path, error))
    throw DataError(concat(path.string(), " does not exist"), "name a folder of images or a packed file");
  if (fs::is_directory(path, error)) {
    if (training != nullptr) return std::make_shared<ImageFolder>(path, *training);
    return std::make_shared<ImageFolder>(path);
  }
  if (training != nullptr) return std::make_shared<PackedImages>(path, *training);
  return std::make_shared<PackedImages>(path);
}

fs::path find_split(const fs::path& data_set, const std::string& name) {
  const fs::path folder = data_set / name, pack = packed_split(data_set, name);
  std::error_code error;
  const bool has_folder = fs::exists(folder, error), has_pack = fs::exists(pack, error);
  if (has_folder && has_pack)
    throw DataError(concat("both ", folder.string(), " and ", pack.string(), " are there: which one is meant?"),
                    "keep packed files in a folder of their own, or remove one of the two");
  if (!has_folder && !has_pack)
    throw DataError(concat("there is neither a folder ", folder.string(), " nor a packed file ", pack.string()),
                    concat("expected ", name, "/CLASS/IMAGE.jpg: one folder for each class, its .jpg, .jpeg or .png files "
                           "in it, or what skein data pack makes of that"));
  return has_folder ? folder : pack;
}

std::vector<NamedSource> open_sources(const fs::path& path) {
  if (!has_split(path, "train") || !has_split(path, "val")) return {{"", open_source(path)}};
  std::vector<NamedSource> sources{{"train", open_source(find_split(path, "train"))}};
  for (const char* name : {"val", "test"})
    if (has_split(path, name)) sources.push_back({name, open_source(find_split(path, name), sources.front().source.get())});
  return sources;
}

}  // namespace skein
