#include "trainer/parallel/bucket_plan.h"

#include <map>

namespace skein {

std::vector<std::vector<std::size_t>> plan_buckets(std::span<const ParameterSize> sizes,
                                                   std::span<const std::size_t> order, const BucketOptions& options) {
  struct Open {
    std::vector<std::size_t> parameters;
    std::size_t num_bytes = 0;
  };
  std::map<int, Open> open;  // by kind
  std::vector<std::vector<std::size_t>> buckets;
  const auto close = [&](Open& bucket) {
    buckets.push_back(std::move(bucket.parameters));
    bucket = {};
  };
  for (const std::size_t parameter : order) {
    Open& bucket = open[sizes[parameter].kind];
    bucket.parameters.push_back(parameter);
    bucket.num_bytes += sizes[parameter].num_bytes;
    const std::size_t limit = buckets.empty() ? options.first_bucket_bytes : options.bucket_bytes;
    if (bucket.num_bytes >= limit) close(bucket);
  }
  for (auto& [kind, bucket] : open)
    if (!bucket.parameters.empty()) close(bucket);
  return buckets;
}

std::vector<std::size_t> reverse_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = count - 1 - i;
  return order;
}

}  // namespace skein
