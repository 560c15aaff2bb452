#include "trainer/data/pack/pack_contents.h"

#include <algorithm>
#include <bit>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

namespace {

constexpr const char* kRemedy = "pack the images again: skein data pack";
static_assert(std::endian::native == std::endian::little, "columns are digested as they lie in memory");

template <class T>
std::span<const uint8_t> bytes_of(const std::vector<T>& column) {
  return {reinterpret_cast<const uint8_t*>(column.data()), column.size() * sizeof(T)};
}

void add_texts(Sha256& digest, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) digest.add(std::string_view(text.c_str(), text.size() + 1));
}

class Checker {
 public:
  Checker(const PackContents& contents, const std::string& file) : contents_(contents), file_(file) {}

  void lengths() const {
    const size_t num_images = contents_.num_images();
    require(num_images > 0, "it holds no image");
    require(contents_.offsets.size() == num_images + 1 && contents_.widths.size() == num_images &&
                contents_.heights.size() == num_images && contents_.names.size() == num_images &&
                contents_.digests.size() == num_images * sizeof(Digest),
            "its columns are of different lengths");
  }
  void classes() const {
    const auto& names = contents_.classes;
    const bool rising = std::adjacent_find(names.begin(), names.end(), std::greater_equal<>()) == names.end();
    require(!names.empty() && rising, "its classes are not in byte order");
  }
  void image(size_t index) const {
    const auto label = contents_.labels[index];
    if (label < 0 || label >= static_cast<int64_t>(contents_.classes.size()))
      refuse(concat("label ", label, " of image ", index, " is none of its ", contents_.classes.size(), " classes"));
    const auto [width, height] = contents_.dimensions(index);
    if (width <= 0 || height <= 0) refuse(concat("image ", index, " is ", width, "x", height, " pixels"));
    if (contents_.offsets[index + 1] <= contents_.offsets[index])
      refuse(concat("the offsets do not rise at image ", index));
    const uint64_t raw_bytes = uint64_t{3} * static_cast<uint64_t>(width) * static_cast<uint64_t>(height);
    if (contents_.recipe.encoding == PackEncoding::kRaw &&
        contents_.offsets[index + 1] - contents_.offsets[index] != raw_bytes)
      refuse(concat("image ", index, " of ", width, "x", height, " pixels does not take ", raw_bytes, " bytes"));
  }
  void range(uint64_t num_bytes) const {
    require(contents_.offsets.front() == 0, "the offsets do not begin at 0");
    if (contents_.num_bytes() > num_bytes)
      refuse(concat("the offsets reach to byte ", contents_.num_bytes(), " of ", num_bytes));
  }

 private:
  void require(bool holds, const char* problem) const {
    if (!holds) refuse(problem);
  }
  [[noreturn]] void refuse(const std::string& problem) const {
    throw DataError(concat("packed file ", file_, " is damaged: ", problem), kRemedy);
  }

  const PackContents& contents_;
  const std::string& file_;
};

}  // namespace

std::string text_of(PackEncoding encoding) {
  switch (encoding) {
    case PackEncoding::kJpeg:
      return "jpeg";
    case PackEncoding::kRaw:
      return "raw";
    default:
      return "keep";
  }
}

PackEncoding encoding_of(const std::string& text) {
  for (const PackEncoding encoding : {PackEncoding::kKeep, PackEncoding::kJpeg, PackEncoding::kRaw})
    if (text == text_of(encoding)) return encoding;
  throw DataError(concat("encoding '", text, "' is unknown"));
}

Digest PackContents::digest(size_t index) const {
  Digest digest;
  std::copy_n(digests.begin() + static_cast<std::ptrdiff_t>(index * digest.size()), digest.size(), digest.begin());
  return digest;
}

void PackContents::add(std::string name, int64_t label, ImageSize dimensions, uint64_t num_bytes,
                       const Digest& digest) {
  names.push_back(std::move(name));
  labels.push_back(label);
  widths.push_back(dimensions.width);
  heights.push_back(dimensions.height);
  offsets.push_back(offsets.back() + num_bytes);
  digests.insert(digests.end(), digest.begin(), digest.end());
}

Digest content_digest(const PackContents& contents) {
  Sha256 digest;
  digest.add(text_of(contents.recipe.encoding)).add(contents.digests);
  digest.add(bytes_of(contents.offsets)).add(bytes_of(contents.labels));
  digest.add(bytes_of(contents.widths)).add(bytes_of(contents.heights));
  add_texts(digest, contents.names);
  add_texts(digest, contents.classes);
  return digest.finish();
}

void check_contents(const PackContents& contents, uint64_t num_bytes, const std::string& file) {
  const Checker checker(contents, file);
  checker.lengths();
  checker.classes();
  for (size_t i = 0; i < contents.num_images(); ++i) checker.image(i);
  checker.range(num_bytes);
}

}  // namespace skein
