#pragma once
// MixUp (Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018) and CutMix (Yun et al., "CutMix: Regularization Strategy to Train
// Strong Classifiers with Localizable Features", 2019): each image of a batch is blended with the one before it, or gets a rectangle of it,
// and its label likewise. Arithmetic and choice of the rectangle are torchvision's; the image before the first is the last, of the batch of
// all ranks.

#include <cstdint>
#include <span>

#include "trainer/data/image/image.h"

namespace skein {

/// With both, a coin decides batch by batch. 0: not this one.
struct MixOptions {
  double mixup_alpha = 0.0;   ///< of the symmetric beta distribution that the images' shares come from
  double cutmix_alpha = 0.0;  ///< likewise, of the areas
  bool is_on() const { return mixup_alpha > 0.0 || cutmix_alpha > 0.0; }
};

/// Throws UsageError where a value is negative or not finite.
void check(const MixOptions& options);

/// What happens to one batch.
struct Mix {
  float own_share = 1.0f;    ///< of an image's own label, 1 - own_share being that of the one before it
  float other_share = 0.0f;  ///< 1 - own_share, rounded once
  bool is_cut = false;
  ImageBox box;  ///< is_cut: what comes from the image before
};

/// A pure function of what it is given. `batch`: a number that no other batch of the epoch has. `options` must be on.
Mix draw_mix(const MixOptions& options, ImageSize image, uint64_t seed, uint64_t epoch, uint64_t batch);

/// Mixes `image` with `other`, both of height x width x 3 floats.
void mix_image(const Mix& mix, ImageSize image_size, float* image, const float* other);

}  // namespace skein
