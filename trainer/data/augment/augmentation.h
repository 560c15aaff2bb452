#pragma once
// All random transforms between the flip and the network, of one image: which, how strong, and doing them.

#include "trainer/data/augment/augment_options.h"
#include "trainer/data/placement.h"

namespace skein {

/// Throws UsageError naming the value that makes no sense.
void check(const AugmentOptions& options);

/// Immutable; any number of threads, each with its own scratch. What happens is a pure function of the image and of
/// (seed, epoch, index); each transform has random numbers of its own, so that switching one on changes no other.
class Augmentation {
 public:
  /// Throws UsageError as check() does.
  explicit Augmentation(const AugmentOptions& options = {});

  /// True where apply() changes nothing, whatever the image.
  bool is_identity() const;
  /// True where erase() may change something.
  bool erases() const { return options_.random_erasing.probability > 0.0; }

  /// What apply() would do to a picture of that size. `plan` is cleared first.
  void plan(ImageSize image, const ImageKey& key, AugmentPlan& plan) const;
  /// Keeps the size of the 8-bit picture; its memory may be exchanged with that of the scratch.
  void apply(RgbImage& image, const ImageKey& key, AugmentScratch& scratch) const;
  /// RandomErasing of a normalised image of height x width x 3 floats.
  void erase(float* image, ImageSize image_size, const ImageKey& key) const;

 private:
  void plan_policy(ImageSize image, const ImageKey& key, AugmentPlan& plan) const;

  AugmentOptions options_;
};

}  // namespace skein
