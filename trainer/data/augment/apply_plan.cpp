#include "trainer/data/augment/apply_plan.h"

#include <cstring>
#include <iterator>
#include <utility>

#include "trainer/data/augment/color_kernels.h"
#include "trainer/data/augment/color_ops.h"

namespace skein {

namespace {

/// What an operation works on.
struct Picture {
  RgbImage& image;
  RgbImage& spare;
  const GeometryOptions& geometry;

  void move(const AffineMatrix& matrix) const {
    transform(image, matrix, geometry.interpolation, geometry.fill, spare);
    std::swap(image, spare);
  }
};

void shear_x(const Picture& picture, double magnitude) { picture.move(shear_x_matrix(magnitude)); }
void shear_y(const Picture& picture, double magnitude) { picture.move(shear_y_matrix(magnitude)); }
void translate_x(const Picture& picture, double magnitude) {
  picture.move(translation_matrix(static_cast<int>(magnitude), 0, picture.image.dimensions()));
}
void translate_y(const Picture& picture, double magnitude) {
  picture.move(translation_matrix(0, static_cast<int>(magnitude), picture.image.dimensions()));
}
void turn(const Picture& picture, double magnitude) {
  rotate(picture.image, magnitude, picture.geometry.interpolation, picture.geometry.fill, picture.spare);
  std::swap(picture.image, picture.spare);
}

/// In the order of AugmentOp.
struct Row {
  AugmentOp op;
  const char* name;
  void (*apply)(const Picture& picture, double magnitude);
};
constexpr Row kOps[] = {
    {AugmentOp::kIdentity, "Identity", [](const Picture&, double) {}},
    {AugmentOp::kShearX, "ShearX", shear_x},
    {AugmentOp::kShearY, "ShearY", shear_y},
    {AugmentOp::kTranslateX, "TranslateX", translate_x},
    {AugmentOp::kTranslateY, "TranslateY", translate_y},
    {AugmentOp::kRotate, "Rotate", turn},
    {AugmentOp::kBrightness, "Brightness", [](const Picture& p, double m) { adjust_brightness(p.image, 1.0 + m); }},
    {AugmentOp::kColor, "Color", [](const Picture& p, double m) { adjust_saturation(p.image, 1.0 + m); }},
    {AugmentOp::kContrast, "Contrast", [](const Picture& p, double m) { adjust_contrast(p.image, 1.0 + m); }},
    {AugmentOp::kSharpness, "Sharpness", [](const Picture& p, double m) { adjust_sharpness(p.image, 1.0 + m, p.spare); }},
    {AugmentOp::kPosterize, "Posterize", [](const Picture& p, double m) { posterize(p.image, static_cast<int>(m)); }},
    {AugmentOp::kSolarize, "Solarize", [](const Picture& p, double m) { solarize(p.image, m); }},
    {AugmentOp::kAutoContrast, "AutoContrast", [](const Picture& p, double) { autocontrast(p.image); }},
    {AugmentOp::kEqualize, "Equalize", [](const Picture& p, double) { equalize(p.image); }},
    {AugmentOp::kInvert, "Invert", [](const Picture& p, double) { invert(p.image); }},
    {AugmentOp::kHue, "Hue", [](const Picture& p, double m) { adjust_hue(p.image, m); }},
    {AugmentOp::kGrayscale, "Grayscale", [](const Picture& p, double) { to_grayscale(p.image); }},
    {AugmentOp::kVerticalFlip, "VerticalFlip", [](const Picture& p, double) { flip_vertically(p.image); }},
};

constexpr bool is_in_order() {
  for (int i = 0; i < kNumAugmentOps; ++i)
    if (kOps[i].op != static_cast<AugmentOp>(i)) return false;
  return std::size(kOps) == kNumAugmentOps;
}
static_assert(is_in_order());

void copy(const RgbImage& from, RgbImage& to) {
  to.reshape(from.dimensions());
  std::memcpy(to.data(), from.data(), from.num_bytes());
}

/// `image` becomes the weighted sum of itself and of what each chain makes of it, in float32 and cut to whole numbers.
void mix(const MixturePlan& mixture, const GeometryOptions& geometry, AugmentScratch& scratch, RgbImage& image) {
  const size_t num_bytes = image.num_bytes();
  if (scratch.sums.size() < num_bytes) scratch.sums.resize(num_bytes);
  float* const sums = scratch.sums.data();
  copy(image, scratch.original);
  begin_mix(image.data(), num_bytes, mixture.original_weight, sums);
  size_t begin = 0;
  for (size_t chain = 0; chain < mixture.chain_ends.size(); begin = mixture.chain_ends[chain++]) {
    copy(scratch.original, image);
    for (size_t i = begin; i < mixture.chain_ends[chain]; ++i) apply_op(mixture.ops[i], geometry, scratch.spare, image);
    add_to_mix(image.data(), num_bytes, mixture.chain_weights[chain], sums);
  }
  uint8_t* const bytes = image.data();
  for (size_t i = 0; i < num_bytes; ++i) bytes[i] = static_cast<uint8_t>(static_cast<int>(sums[i]));
}

}  // namespace

const char* op_name(AugmentOp op) {
  return kOps[static_cast<int>(op)].name;
}

void apply_op(const PlannedOp& planned, const GeometryOptions& geometry, RgbImage& spare, RgbImage& image) {
  kOps[static_cast<int>(planned.op)].apply({image, spare, geometry}, planned.magnitude);
}

void apply_plan(const AugmentPlan& plan, const GeometryOptions& geometry, AugmentScratch& scratch, RgbImage& image) {
  for (const PlannedOp& planned : plan.ops) apply_op(planned, geometry, scratch.spare, image);
  if (!plan.mixture.chain_ends.empty()) mix(plan.mixture, geometry, scratch, image);
}

}  // namespace skein
