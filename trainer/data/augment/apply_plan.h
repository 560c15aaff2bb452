#pragma once
// Does to the pixels what a plan says. The one table from an operation's name to its function is in the source file.

#include <vector>

#include "trainer/data/augment/affine.h"
#include "trainer/data/augment/augment_plan.h"

namespace skein {

/// How geometric operations make up pixels (nearest, bilinear or bicubic), and what comes in from outside the picture.
struct GeometryOptions {
  Interpolation interpolation = Interpolation::kBilinear;
  FillColor fill{0, 0, 0};
};

/// Memory that one thread reuses from image to image; nothing is allocated once it has seen the largest picture.
struct AugmentScratch {
  AugmentPlan plan;
  RgbImage spare;
  RgbImage original;
  std::vector<float> sums;
};

/// torchvision's name, such as "ShearX"; where it has none, that of the transform ("Hue", "Grayscale", "VerticalFlip").
const char* op_name(AugmentOp op);

/// The picture keeps its size; its memory may be exchanged with that of the scratch.
void apply_op(const PlannedOp& planned, const GeometryOptions& geometry, RgbImage& spare, RgbImage& image);

/// Applies `plan`, which may be scratch.plan.
void apply_plan(const AugmentPlan& plan, const GeometryOptions& geometry, AugmentScratch& scratch, RgbImage& image);

}  // namespace skein
