#pragma once
// The gradients of each bucket, cut among those who use them.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "trainer/parallel/communication_hook.h"
#include "trainer/parallel/update_kernels.h"
#include "trainer/parallel/update_plan.h"

namespace skein {

/// A bucket's gradients and who owns which of them.
struct GradientRegion {
  torch::Tensor memory;  ///< one-dimensional
  UpdateType type = UpdateType::kFloat32;
  std::vector<PlacedParameter> placed;
  std::vector<PlannedChunk> chunks;
};

/// How the average over all ranks comes about.
enum class Averaging {
  kInBackward,  ///< all of it on every rank, by another hook
  kScattered,   ///< each rank gets its slice during backward
  kLater,       ///< not here: the owners average their slices themselves
};

/// Plans a region for each bucket that DataParallel hands over, and averages as told.
class GradientRegions final : public CommunicationHook {
 public:
  struct Owners {
    int count = 1;
    int self = 0;
    std::int64_t slice_bytes = 0;  ///< of a chunk, about; with kScattered a bucket is one chunk
  };
  /// `indices`: of parameters by name. `inner` averages with kInBackward.
  GradientRegions(Averaging averaging, const Owners& owners, std::map<std::string, std::size_t> indices,
                  std::shared_ptr<CommunicationHook> inner);

  void plan(const std::vector<GradientBucket>& buckets) override;
  Work start(GradientBucket& bucket, Communicator& communicator) override;
  Work proceed(GradientBucket& bucket, Communicator& communicator) override;

  const std::vector<GradientRegion>& regions() const { return regions_; }

 private:
  GradientRegion region_of(const GradientBucket& bucket) const;

  Averaging averaging_;
  Owners owners_;
  std::map<std::string, std::size_t> indices_;
  std::shared_ptr<CommunicationHook> inner_;
  std::vector<GradientRegion> regions_;
};

/// Where that element lies, counted in memory order.
std::byte* address_of(const torch::Tensor& tensor, std::int64_t element);
/// The owner's part of a chunk: elements [own_begin, own_begin + its slice).
torch::Tensor own_slice(const GradientRegion& region, const PlannedChunk& chunk, int owner);
/// All of a chunk.
torch::Tensor all_slices(const GradientRegion& region, const PlannedChunk& chunk);

}  // namespace skein
