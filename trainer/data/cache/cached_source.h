#pragma once
// What caches of a source have in common: they are the source, but for read().

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "trainer/data/cache/cache_budget.h"
#include "trainer/data/image_source.h"

namespace skein {

/// Of one cache in this process. Any thread.
struct CacheCounts {
  uint64_t num_hits = 0;
  uint64_t num_reads = 0;   ///< of the source
  uint64_t num_stored = 0;  ///< images put into the cache
};

class CachedSource : public ImageSource {
 public:
  CachedSource(std::shared_ptr<const ImageSource> source, std::shared_ptr<CacheBudget> budget);

  size_t num_images() const override { return source_->num_images(); }
  const std::vector<std::string>& classes() const override { return source_->classes(); }
  int64_t label(size_t index) const override { return source_->label(index); }
  std::string name(size_t index) const override { return source_->name(index); }
  std::string relative_name(size_t index) const override { return source_->relative_name(index); }
  std::string place() const override { return source_->place(); }
  std::string variant() const override { return source_->variant(); }
  ImageStamp stamp(size_t index) const override { return source_->stamp(index); }
  size_t num_other_images() const override { return source_->num_other_images(); }

  CacheCounts counts() const;
  const CacheBudget& budget() const { return *budget_; }

 protected:
  const ImageSource& source() const { return *source_; }
  CacheBudget& shared_budget() const { return *budget_; }
  void count_hit() const { ++num_hits_; }
  void count_stored() const { ++num_stored_; }
  StoredImage read_source(size_t index, std::vector<uint8_t>& buffer) const;

 private:
  std::shared_ptr<const ImageSource> source_;
  std::shared_ptr<CacheBudget> budget_;
  mutable std::atomic<uint64_t> num_hits_{0};
  mutable std::atomic<uint64_t> num_reads_{0};
  mutable std::atomic<uint64_t> num_stored_{0};
};

}  // namespace skein
