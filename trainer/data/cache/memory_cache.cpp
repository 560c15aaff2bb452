#include "trainer/data/cache/memory_cache.h"

#include <algorithm>

namespace skein {

struct MemoryCache::Entry {
  explicit Entry(const StoredImage& image)
      : bytes(std::make_unique_for_overwrite<uint8_t[]>(image.bytes.size() + RgbImage::kReadableTail)),
        stored{{bytes.get(), image.bytes.size()}, image.raw} {
    std::copy(image.bytes.begin(), image.bytes.end(), bytes.get());
    std::fill_n(bytes.get() + image.bytes.size(), RgbImage::kReadableTail, uint8_t{0});
  }
  static uint64_t memory_of(const StoredImage& image) {
    return image.bytes.size() + RgbImage::kReadableTail + sizeof(Entry);
  }

  std::unique_ptr<uint8_t[]> bytes;
  StoredImage stored;
};

MemoryCache::MemoryCache(std::shared_ptr<const ImageSource> source, std::shared_ptr<CacheBudget> budget)
    : CachedSource(std::move(source), std::move(budget)), entries_(this->source().num_images()) {}

MemoryCache::~MemoryCache() {
  for (const auto& slot : entries_) {
    const Entry* entry = slot.load(std::memory_order_relaxed);
    if (entry == nullptr) continue;
    shared_budget().give_back(Entry::memory_of(entry->stored));
    delete entry;
  }
}

StoredImage MemoryCache::read(size_t index, std::vector<uint8_t>& buffer) const {
  const Entry* entry = entries_.at(index).load(std::memory_order_acquire);
  if (entry != nullptr) {
    count_hit();
    return entry->stored;
  }
  const StoredImage image = read_source(index, buffer);
  store(index, image);
  return image;
}

void MemoryCache::store(size_t index, const StoredImage& image) const {
  const uint64_t num_bytes = Entry::memory_of(image);
  if (!shared_budget().take(num_bytes)) return;
  auto entry = std::make_unique<Entry>(image);
  const Entry* nothing = nullptr;
  if (entries_[index].compare_exchange_strong(nothing, entry.get(), std::memory_order_release)) {
    entry.release();
    count_stored();
  } else {
    shared_budget().give_back(num_bytes);  // another thread was faster
  }
}

}  // namespace skein
