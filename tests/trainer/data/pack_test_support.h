#pragma once
// Folders of real pictures, and packs made of them.

#include "data_test_support.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/pack/pack_source.h"

namespace skein::testing {

/// Six pictures of two classes: colour and grey, JPEG and PNG, one in a subfolder.
inline void add_pictures(const TemporaryFolder& folder, const std::string& split = "birds") {
  folder.add(split + "/hen/barn/7.jpg", bytes_of(expected("ycbcr_420.jpg")));
  folder.add(split + "/hen/1.png", bytes_of(expected("rgb.png")));
  folder.add(split + "/hen/2.jpg", bytes_of(expected("cmyk.jpg")));
  folder.add(split + "/emu/1.jpg", bytes_of(expected("grey.jpg")));
  folder.add(split + "/emu/2.jpg", bytes_of(expected("ycbcr_444_progressive.jpg")));
  folder.add(split + "/emu/3.png", bytes_of(expected("palette.png")));
}

inline PackedSource pack(const ImageSource& source, const std::filesystem::path& target, const PackOptions& options = {}) {
  PackedSource packed = pack_source(source, target, options);
  packed.writer->publish();
  return packed;
}

inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// A folder with those pictures, to be packed.
class PackTest : public ::testing::Test {
 protected:
  PackTest() { add_pictures(folder); }
  std::filesystem::path target(const std::string& name = "birds.h5") const { return folder.path() / name; }
  ImageFolder images() const { return ImageFolder(folder.path() / "birds"); }

  TemporaryFolder folder;
  std::vector<uint8_t> buffer, other_buffer;
};

}  // namespace skein::testing
