#include "trainer/data/augment/affine.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numbers>

#include "trainer/data/augment/affine_kernels.h"
#include "trainer/data/augment/affine_nearest.h"

namespace skein {

namespace {

double radians(double degrees) {
  return degrees * (std::numbers::pi / 180.0);
}
double degrees(double radians) {
  return radians * (180.0 / std::numbers::pi);
}

/// Python's round(value, 15): the nearest decimal, read back.
double round_to_15_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.15f", value);
  return std::strtod(text, nullptr);
}

/// torchvision's _get_inverse_affine_matrix without rotation and scale; angles in radians.
AffineMatrix inverse_matrix(double center_x, double center_y, double right, double down, double shear_x, double shear_y) {
  const double a = std::cos(-shear_y) / std::cos(shear_y);
  const double b = -std::cos(-shear_y) * std::tan(shear_x) / std::cos(shear_y);
  const double c = std::sin(-shear_y) / std::cos(shear_y);
  const double d = -std::sin(-shear_y) * std::tan(shear_x) / std::cos(shear_y) + 1.0;
  AffineMatrix m{d, -b, 0.0, -c, a, 0.0};
  m[2] = m[0] * (-center_x - right) + m[1] * (-center_y - down) + center_x;
  m[5] = m[3] * (-center_x - right) + m[4] * (-center_y - down) + center_y;
  return m;
}

/// Through degrees and back, as torchvision's policies do it.
double shear_angle(double tangent) {
  return radians(degrees(std::atan(tangent)));
}

void turn_half(const RgbImage& input, RgbImage& output) {
  const uint8_t* in = input.data() + input.num_bytes();
  uint8_t* const end = output.data() + output.num_bytes();
  for (uint8_t* out = output.data(); out != end; out += 3) std::memcpy(out, in -= 3, 3);
}

/// A square by a quarter, counter-clockwise or clockwise.
void turn_quarter(const RgbImage& input, bool clockwise, RgbImage& output) {
  const int last = input.width() - 1;
  for (int y = 0; y <= last; ++y) {
    uint8_t* out = output.row(y);
    for (int x = 0; x <= last; ++x, out += 3)
      std::memcpy(out, clockwise ? input.row(last - x) + 3 * y : input.row(x) + 3 * (last - y), 3);
  }
}

}  // namespace

AffineMatrix shear_x_matrix(double tangent) {
  return inverse_matrix(0.0, 0.0, 0.0, 0.0, shear_angle(tangent), 0.0);
}

AffineMatrix shear_y_matrix(double tangent) {
  return inverse_matrix(0.0, 0.0, 0.0, 0.0, 0.0, shear_angle(tangent));
}

AffineMatrix translation_matrix(int right, int down, ImageSize image) {
  return inverse_matrix(image.width * 0.5, image.height * 0.5, right, down, 0.0, 0.0);
}

AffineMatrix rotation_matrix(double degrees, ImageSize image) {
  const double angle = -radians(degrees);
  const double cosine = round_to_15_digits(std::cos(angle)), sine = round_to_15_digits(std::sin(angle));
  const double center_x = image.width / 2.0, center_y = image.height / 2.0;
  AffineMatrix m{cosine, sine, 0.0, -sine, cosine, 0.0};
  m[2] = m[0] * -center_x + m[1] * -center_y + center_x;
  m[5] = m[3] * -center_x + m[4] * -center_y + center_y;
  return m;
}

void transform(const RgbImage& input, const AffineMatrix& matrix, Interpolation interpolation, const FillColor& fill,
               RgbImage& output) {
  output.reshape(input.dimensions());
  if (interpolation == Interpolation::kNearest) return transform_nearest(input, matrix, fill, output);
  if (shift_whole_pixels(input, matrix, fill, output)) return;
  if (interpolation == Interpolation::kBilinear) return transform_bilinear(input, matrix, fill, output);
  transform_bicubic(input, matrix, fill, output);
}

void rotate(const RgbImage& input, double degrees, Interpolation interpolation, const FillColor& fill, RgbImage& output) {
  double turn = std::fmod(degrees, 360.0);
  if (turn < 0.0) turn += 360.0;
  output.reshape(input.dimensions());
  const bool is_square = input.width() == input.height();
  if (turn == 0.0) {
    std::memcpy(output.data(), input.data(), input.num_bytes());
  } else if (turn == 180.0) {
    turn_half(input, output);
  } else if (is_square && (turn == 90.0 || turn == 270.0)) {
    turn_quarter(input, turn == 270.0, output);
  } else {
    transform(input, rotation_matrix(turn, input.dimensions()), interpolation, fill, output);
  }
}

}  // namespace skein
