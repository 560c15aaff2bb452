#include "trainer/parallel/compression_options.h"

#include "runtime/process/text.h"

namespace skein {
namespace {

std::string from_step(std::int64_t first_step) {
  return first_step > 0 ? concat(" from step ", first_step, " on") : "";
}

struct Describe {
  std::string operator()(std::monostate) const { return "none"; }
  std::string operator()(const WireTypeOptions& o) const { return concat(dtype_name(o.wire_dtype), " between hosts"); }
  std::string operator()(const PowerSgdOptions& o) const { return concat("PowerSGD of rank ", o.rank, from_step(o.first_step)); }
  std::string operator()(const TopKOptions& o) const { return concat("top-k with ratio ", o.ratio, from_step(o.first_step)); }
};

}  // namespace

std::string describe(const CompressionOptions& options) {
  return std::visit(Describe{}, options);
}

}  // namespace skein
