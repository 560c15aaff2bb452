#include "trainer/data/pack/packed_images.h"

#include <algorithm>
#include <set>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/file_bytes.h"
#include "trainer/data/pack/locate.h"

namespace skein {

PackedImages::PackedImages(const std::filesystem::path& file)
    : file_(file),
      pack_(open_pack(file)),
      segment_starts_(starts_of(pack_.segments)),
      modified_ns_(stamp_of(file).modified_ns) {
  for (size_t i = 0; i < num_images(); ++i)
    if (!lies_in_one_segment(pack_, segment_starts_, i))
      throw DataError(concat("packed file ", file.string(), " is damaged: image ", i, " lies in two files"),
                      "pack the images again: skein data pack");
  for (const PackSegment& segment : pack_.segments) mappings_.emplace_back(segment.file, segment.file_bytes);
}

PackedImages::PackedImages(const std::filesystem::path& file, const ImageSource& training) : PackedImages(file) {
  adopt_numbers(training);
}

void PackedImages::adopt_numbers(const ImageSource& training) {
  PackContents& contents = pack_.contents;
  const std::vector<size_t> counts = images_by_class();
  std::vector<std::string> used;
  for (size_t number = 0; number < counts.size(); ++number)
    if (counts[number] > 0) used.push_back(contents.classes[number]);
  require_known_classes(place(), used, training);
  for (int64_t& label : contents.labels) label = training.class_index(contents.classes[static_cast<size_t>(label)]);
  contents.classes = training.classes();
}

std::string PackedImages::name(size_t index) const {
  return concat(file_.string(), ":", relative_name(index));
}

StoredImage PackedImages::read(size_t index, std::vector<uint8_t>&) const {
  const ImageLocation location = locate(pack_, segment_starts_, index);
  const FileMapping& mapping = mappings_[location.segment];
  mapping.prefetch(location.file_offset, location.num_bytes);
  StoredImage image{{mapping.data() + location.file_offset, location.num_bytes}, {}};
  if (recipe().encoding == PackEncoding::kRaw) image.raw = dimensions(index);
  return image;
}

std::string PackedImages::variant() const {
  if (recipe().encoding == PackEncoding::kKeep) return {};
  return concat(text_of(recipe().encoding), " ", hex(pack_.digest));
}

ImageStamp PackedImages::stamp(size_t index) const {
  return {locate(pack_, segment_starts_, index).num_bytes, modified_ns_};
}

}  // namespace skein
