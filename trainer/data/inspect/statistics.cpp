#include "trainer/data/inspect/statistics.h"

#include <cmath>

#include "runtime/process/error.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/ordered_work.h"

namespace skein {

namespace {

struct ImageFacts {
  uint64_t num_bytes = 0;
  bool is_raw = false;
  ImageHeader header;
  Digest digest{};
  std::array<uint64_t, 3> sums{};
  std::array<uint64_t, 3> squares{};
  std::string problem;
};

struct Scratch {
  std::vector<uint8_t> buffer;
  RgbImage decoded;
};

void add_pixels(const uint8_t* pixels, ImageSize dimensions, ImageFacts& facts) {
  facts.sums = facts.squares = {};
  const size_t num_values = size_t{3} * static_cast<size_t>(dimensions.width) * static_cast<size_t>(dimensions.height);
  for (size_t i = 0; i < num_values; i += 3)
    for (size_t channel = 0; channel < 3; ++channel) {
      const uint64_t value = pixels[i + channel];
      facts.sums[channel] += value;
      facts.squares[channel] += value * value;
    }
}

void inspect(const ImageSource& source, size_t index, Scratch& scratch, ImageFacts& facts) {
  const StoredImage stored = source.read(index, scratch.buffer);
  facts.num_bytes = stored.bytes.size();
  facts.digest = sha256(stored.bytes);
  facts.is_raw = stored.is_raw();
  if (facts.is_raw) {
    facts.header = {};
    facts.header.dimensions = stored.raw;
    return add_pixels(stored.bytes.data(), stored.raw, facts);
  }
  decode_image(stored.bytes, source.name(index), scratch.decoded);
  facts.header = read_image_header(stored.bytes, source.name(index));
  add_pixels(scratch.decoded.data(), scratch.decoded.dimensions(), facts);
}

/// Adds up what was found, image by image in order.
class Collector {
 public:
  explicit Collector(const NamedSource& source) : source_(*source.source) {
    result_.name = source.name;
    result_.place = source_.place();
    result_.num_images = source_.num_images();
    result_.num_other_formats = source_.num_other_images();
    for (const std::string& name : source_.classes()) result_.classes.push_back({name});
  }

  void add(size_t index, const ImageFacts& facts) {
    ClassCount& of_class = result_.classes[static_cast<size_t>(source_.label(index))];
    ++of_class.num_images;
    of_class.num_bytes += facts.num_bytes;
    result_.num_bytes += facts.num_bytes;
    result_.digests.push_back(facts.digest);
    note_duplicate(index, facts.digest);
    if (!facts.problem.empty()) return result_.unreadable.push_back({index, facts.problem});
    note_format(facts);
    note_pixels(facts);
  }
  SourceStatistics finish() {
    const auto count = static_cast<double>(std::max<size_t>(1, result_.sizes.size()));
    for (size_t channel = 0; channel < 3; ++channel) {
      const double mean = means_[channel] / count;
      result_.mean[channel] = mean;
      result_.deviation[channel] = std::sqrt(std::max(0.0, squares_[channel] / count - mean * mean));
    }
    return std::move(result_);
  }

 private:
  void note_duplicate(size_t index, const Digest& digest) {
    const auto [found, is_new] = first_with_.try_emplace(digest, index);
    if (is_new) return;
    result_.duplicates.push_back({index, found->second});
    if (source_.label(index) != source_.label(found->second)) ++result_.num_contradictions;
  }
  void note_format(const ImageFacts& facts) {
    if (facts.is_raw) {
      ++result_.num_raw;
      return;
    }
    ++(facts.header.format == ImageHeader::Format::kJpeg ? result_.num_jpeg : result_.num_png);
    if (facts.header.color == ImageHeader::Color::kGrey) ++result_.num_grey;
    if (facts.header.color == ImageHeader::Color::kCmyk) ++result_.num_cmyk;
    if (facts.header.orientation != 1) ++result_.num_rotated;
  }
  void note_pixels(const ImageFacts& facts) {
    const ImageSize dimensions = facts.header.dimensions;
    result_.sizes.push_back(dimensions);
    const double num_pixels = static_cast<double>(dimensions.width) * dimensions.height;
    for (size_t channel = 0; channel < 3; ++channel) {
      means_[channel] += static_cast<double>(facts.sums[channel]) / num_pixels / 255;
      squares_[channel] += static_cast<double>(facts.squares[channel]) / num_pixels / (255 * 255);
    }
  }

  const ImageSource& source_;
  SourceStatistics result_;
  std::map<Digest, size_t> first_with_;
  std::array<double, 3> means_{};
  std::array<double, 3> squares_{};
};

}  // namespace

SourceStatistics gather_statistics(const NamedSource& named, size_t num_workers, const InspectProgress& progress) {
  const ImageSource& source = *named.source;
  std::vector<Scratch> scratch(num_workers);
  Collector collector(named);
  const auto produce = [&](size_t index, size_t worker, ImageFacts& facts) {
    facts = ImageFacts{};
    try {
      inspect(source, index, scratch[worker], facts);
    } catch (const DataError& error) {
      facts.problem = error.what();
      facts.problem.resize(facts.problem.find('\n') == std::string::npos ? facts.problem.size() : facts.problem.find('\n'));
    }
  };
  const auto consume = [&](size_t index, ImageFacts& facts) {
    collector.add(index, facts);
    if (progress) progress(index + 1, source.num_images());
  };
  OrderedWork<ImageFacts>::run(source.num_images(), num_workers, produce, consume);
  return collector.finish();
}

std::vector<LeakedImage> find_leaks(const ImageSource& earlier, const SourceStatistics& earlier_statistics,
                                    const ImageSource& later, const SourceStatistics& later_statistics) {
  std::map<Digest, size_t> known;
  for (size_t i = 0; i < earlier_statistics.digests.size(); ++i) known.try_emplace(earlier_statistics.digests[i], i);
  std::vector<LeakedImage> leaks;
  for (size_t i = 0; i < later_statistics.digests.size(); ++i)
    if (const auto found = known.find(later_statistics.digests[i]); found != known.end())
      leaks.push_back({later.name(i), earlier.name(found->second)});
  return leaks;
}

}  // namespace skein
