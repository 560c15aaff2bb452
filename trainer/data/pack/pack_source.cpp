#include "trainer/data/pack/pack_source.h"

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/ordered_work.h"
#include "trainer/data/pack/pack_image.h"

namespace skein {

namespace {

constexpr size_t kSkippedMessages = 10;
constexpr uint64_t kColumnBytes = 128;  // an image, about

bool holds_raw(const ImageSource& source) {
  std::vector<uint8_t> buffer;
  return source.num_images() > 0 && !source.variant().empty() && source.read(0, buffer).is_raw();
}

/// At which images shards of about the same number of bytes begin, by the bytes of the source.
std::vector<bool> even_starts(const ImageSource& source, size_t num_shards) {
  const size_t num_images = source.num_images();
  std::vector<uint64_t> ends(num_images);
  uint64_t total = 0;
  for (size_t i = 0; i < num_images; ++i) ends[i] = total += source.stamp(i).num_bytes;
  std::vector<bool> starts(num_images);
  size_t first = 0;
  for (size_t shard = 1; shard < num_shards; ++shard) {
    const uint64_t wanted = static_cast<uint64_t>(static_cast<double>(total) / static_cast<double>(num_shards) * static_cast<double>(shard));
    ++first;  // every shard has an image, and leaves one for each that follows
    while (first < num_images - (num_shards - shard) && ends[first - 1] < wanted) ++first;
    starts[first] = true;
  }
  return starts;
}

PackWriter::StartsShard shard_rule(const PackOptions& options, const ImageSource& source) {
  if (options.shard_bytes)
    return [limit = *options.shard_bytes](size_t, uint64_t shard_bytes, uint64_t num_bytes) {
      return num_bytes > limit || shard_bytes > limit - num_bytes;
    };
  if (!options.num_shards) return nullptr;
  return [starts = even_starts(source, *options.num_shards)](size_t index, uint64_t, uint64_t) { return starts[index]; };
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

void check_pack_options(const PackOptions& options, const ImageSource& source) {
  if (options.recipe.encoding == PackEncoding::kKeep && holds_raw(source))
    throw UsageError(concat(source.place(), " holds raw pictures, of which there are no files to keep"),
                     "use --encoding raw or jpeg");
  if (options.num_shards && *options.num_shards > source.num_images())
    throw UsageError(concat("--shards ", *options.num_shards, ": ", source.place(), " holds only ", source.num_images(), " images"),
                     "ask for fewer shards");
}

uint64_t least_pack_bytes(const PackOptions& options, const ImageSource& source) {
  uint64_t num_bytes = kColumnBytes * source.num_images();
  if (options.recipe.encoding != PackEncoding::kKeep) return num_bytes;
  for (size_t i = 0; i < source.num_images(); ++i) num_bytes += source.stamp(i).num_bytes;
  return num_bytes;
}

PackedSource pack_source(const ImageSource& source, const std::filesystem::path& target, const PackOptions& options) {
  PackedSource packed;
  packed.writer = std::make_unique<PackWriter>(target, options.recipe, source.classes(), shard_rule(options, source));
  std::vector<PackScratch> scratch(options.num_workers);
  const auto produce = [&](size_t index, size_t worker, PackedImage& image) {
    image.problem.clear();
    try {
      pack_image(source, index, options.recipe, scratch[worker], image);
    } catch (const DataError& error) {
      if (!options.skips_unreadable) throw;
      image.problem = first_line(error.what());
    }
  };
  const auto consume = [&](size_t index, PackedImage& image) {
    if (image.problem.empty()) {
      packed.writer->add(index, source.relative_name(index), source.label(index), image.dimensions, image.bytes, image.digest);
    } else {
      ++packed.num_skipped;
      if (packed.skipped.size() < kSkippedMessages) packed.skipped.push_back(image.problem);
    }
    if (options.progress) options.progress(index + 1, source.num_images());
  };
  OrderedWork<PackedImage>::run(source.num_images(), options.num_workers, produce, consume);
  packed.writer->finish();
  return packed;
}

}  // namespace skein
