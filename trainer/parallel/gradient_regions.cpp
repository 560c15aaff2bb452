#include "trainer/parallel/gradient_regions.h"

#include <algorithm>

#include "trainer/parallel/tensor_buffer.h"

namespace skein {

GradientRegions::GradientRegions(Averaging averaging, const Owners& owners, std::map<std::string, std::size_t> indices,
                                 std::shared_ptr<CommunicationHook> inner)
    : averaging_(averaging), owners_(owners), indices_(std::move(indices)), inner_(std::move(inner)) {
  if (!inner_) inner_ = std::make_shared<AverageHook>();
}

void GradientRegions::plan(const std::vector<GradientBucket>& buckets) {
  regions_.clear();
  for (const GradientBucket& bucket : buckets) regions_.push_back(region_of(bucket));
  inner_->plan(buckets);
}

Work GradientRegions::start(GradientBucket& bucket, Communicator& communicator) {
  if (averaging_ == Averaging::kInBackward) return inner_->start(bucket, communicator);
  if (averaging_ == Averaging::kLater) return {};
  const GradientRegion& region = regions_[bucket.index];
  const PlannedChunk& chunk = region.chunks.front();
  return communicator.reduce_scatter_async(as_buffer(region.memory), as_buffer(own_slice(region, chunk, owners_.self)),
                                           ReduceOp::kAverage, bucket.name, chunk.slice_counts);
}

Work GradientRegions::proceed(GradientBucket& bucket, Communicator& communicator) {
  return averaging_ == Averaging::kInBackward ? inner_->proceed(bucket, communicator) : Work();
}

GradientRegion GradientRegions::region_of(const GradientBucket& bucket) const {
  GradientRegion region;
  region.memory = bucket.gradients;
  region.type = bucket.gradients.scalar_type() == torch::kFloat64 ? UpdateType::kFloat64 : UpdateType::kFloat32;
  const auto* const start = static_cast<const std::byte*>(bucket.gradients.data_ptr());
  const auto element_size = static_cast<std::int64_t>(bucket.gradients.element_size());
  for (const NamedTensor& named : bucket.parameters) {
    const auto offset = (static_cast<const std::byte*>(named.tensor.data_ptr()) - start) / element_size;
    region.placed.push_back({indices_.at(named.name), offset, named.tensor.numel()});
  }
  const std::int64_t num_elements = bucket.gradients.numel();
  const std::int64_t slice_elements =
      averaging_ == Averaging::kScattered ? num_elements : std::max<std::int64_t>(1, owners_.slice_bytes / element_size);
  region.chunks = plan_update(region.placed, num_elements, owners_.count, owners_.self, slice_elements);
  return region;
}

std::byte* address_of(const torch::Tensor& tensor, std::int64_t element) {
  return static_cast<std::byte*>(tensor.data_ptr()) + element * tensor.element_size();
}

torch::Tensor own_slice(const GradientRegion& region, const PlannedChunk& chunk, int owner) {
  return region.memory.narrow(0, chunk.own_begin, static_cast<std::int64_t>(chunk.slice_counts[owner]));
}

torch::Tensor all_slices(const GradientRegion& region, const PlannedChunk& chunk) {
  return region.memory.narrow(0, chunk.begin, chunk.count());
}

}  // namespace skein
