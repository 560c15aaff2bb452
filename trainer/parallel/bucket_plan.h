#pragma once
// Which gradients travel together: a pure function, alike on all ranks.

#include <cstddef>
#include <span>
#include <vector>

namespace skein {

/// What the plan needs to know of a parameter. Parameters of different `kind` (element type, device) never share a
/// bucket.
struct ParameterSize {
  std::size_t num_bytes = 0;
  int kind = 0;
};

struct BucketOptions {
  std::size_t first_bucket_bytes = 1024 * 1024;  ///< small, so that communication starts early in backward
  std::size_t bucket_bytes = 25 * 1024 * 1024;
};

/// Parameters as they get ready in backward (`order` gives indices into `sizes`) -> buckets of indices, in the order in
/// which they travel. A bucket is closed when it reaches its limit, so one parameter larger than it has a bucket alone
/// or ends one. Every parameter is in exactly one bucket.
std::vector<std::vector<std::size_t>> plan_buckets(std::span<const ParameterSize> sizes,
                                                   std::span<const std::size_t> order, const BucketOptions& options);

/// 0..count-1 backwards: the order in which gradients usually get ready.
std::vector<std::size_t> reverse_order(std::size_t count);

}  // namespace skein
