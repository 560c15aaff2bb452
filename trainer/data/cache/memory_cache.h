#pragma once
// Keeps images, as the source stores them, in this process's memory after they were first read, until the budget is used
// up; what came later is read from the source each time. Nothing is thrown out: in each epoch every image is wanted once, so
// that a newcomer is worth no more than what it would replace.

#include <atomic>
#include <vector>

#include "trainer/data/cache/cached_source.h"

namespace skein {

class MemoryCache : public CachedSource {
 public:
  MemoryCache(std::shared_ptr<const ImageSource> source, std::shared_ptr<CacheBudget> budget);
  ~MemoryCache() override;

  /// From memory without a copy and without waiting for anybody.
  StoredImage read(size_t index, std::vector<uint8_t>& buffer) const override;

 private:
  struct Entry;
  void store(size_t index, const StoredImage& image) const;

  mutable std::vector<std::atomic<const Entry*>> entries_;  ///< by index; owned
};

}  // namespace skein
