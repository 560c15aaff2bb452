#include "trainer/data/inspect/verify.h"

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/ordered_work.h"
#include "trainer/data/pack/packed_images.h"

namespace skein {

namespace {

struct Scratch {
  std::vector<uint8_t> buffer;
  RgbImage decoded;
};

std::string cause_of(const ImageSource& source, const PackedImages* pack, size_t index, Scratch& scratch) try {
  const StoredImage stored = source.read(index, scratch.buffer);
  if (pack != nullptr && sha256(stored.bytes) != pack->digest(index))
    return concat("image ", source.name(index), ": its bytes are not those that were packed (SHA-256 differs)");
  if (!stored.is_raw()) decode_image(stored.bytes, source.name(index), scratch.decoded);
  return {};
} catch (const DataError& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::vector<BadImage> find_bad_images(const ImageSource& source, size_t num_workers, const InspectProgress& progress) {
  const auto* pack = dynamic_cast<const PackedImages*>(&source);
  std::vector<Scratch> scratch(num_workers);
  std::vector<BadImage> bad;
  OrderedWork<std::string>::run(
      source.num_images(), num_workers,
      [&](size_t index, size_t worker, std::string& cause) { cause = cause_of(source, pack, index, scratch[worker]); },
      [&](size_t index, std::string& cause) {
        if (!cause.empty()) bad.push_back({index, cause});
        if (progress) progress(index + 1, source.num_images());
      });
  return bad;
}

}  // namespace skein
