#include "trainer/data/cache/cached_source.h"

#include <utility>

namespace skein {

CachedSource::CachedSource(std::shared_ptr<const ImageSource> source, std::shared_ptr<CacheBudget> budget)
    : source_(std::move(source)), budget_(std::move(budget)) {}

CacheCounts CachedSource::counts() const {
  return {num_hits_.load(), num_reads_.load(), num_stored_.load()};
}

StoredImage CachedSource::read_source(size_t index, std::vector<uint8_t>& buffer) const {
  ++num_reads_;
  return source_->read(index, buffer);
}

}  // namespace skein
