// What each augmentation costs, on one core, beside Pillow's in a process of its own that follows.

#include <zlib.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/statistics.h"
#include "runtime/process/deadline.h"
#include "runtime/process/error.h"
#include "runtime/process/subprocess.h"
#include "runtime/process/text.h"
#include "trainer/data/augment/augmentation.h"

namespace skein::bench {
namespace {

struct Options {
  int side = 224;
  int num_iters = 100;
  std::string peer = "none";
  std::string python = "python3";
  std::filesystem::path json;
};

OptionTable make_option_table(Options& options) {
  OptionTable table("augment_perf", "Measures the augmentations of a picture on one core.", SKEIN_VERSION);
  table.group("Options");
  table.add("--side", options.side, "of the picture").unit("PIXELS").at_least(3);
  table.add("--num-iters", options.num_iters, "pictures a median is taken over").at_least(1);
  table.add("--peer", options.peer, "pillow: the same in Pillow, and policies in torchvision where it is installed")
      .choices({"none", "pillow"});
  table.add("--python", options.python, "interpreter that has Pillow and numpy").unit("PROGRAM");
  table.add("--json", options.json, "write the figures to this file").unit("FILE");
  return table;
}

int wave(int place, int half) {
  return std::abs(place % (2 * half) - half);
}

/// Smooth, with a little noise; peers/augmentations.py paints it as well.
RgbImage picture(int side) {
  RgbImage image(side, side);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (int c = 0; c < 3; ++c)
        image.row(y)[3 * x + c] = static_cast<uint8_t>(30 + wave(2 * x + y + 30 * c, 85) + wave(3 * y - x + 8000, 60) +
                                                       (x * 7919 + y * 104729 + c * 1299709) % 9);
  return image;
}

struct Figure {
  std::string name;
  double nanoseconds = 0;  ///< a pixel
  std::string checksum;    ///< of the result; "-" where it is random
};

void copy(const RgbImage& from, RgbImage& to) {
  to.reshape(from.dimensions());
  std::memcpy(to.data(), from.data(), from.num_bytes());
}

template <class Apply>
Figure measure(const std::string& name, const RgbImage& source, int num_iters, const Apply& apply) {
  RgbImage image;
  std::vector<double> seconds;
  for (int i = -3; i < num_iters; ++i) {
    copy(source, image);
    const auto start = Clock::now();
    apply(image, i + 3);
    if (i >= 0) seconds.push_back(seconds_since(start));
  }
  char checksum[9];
  std::snprintf(checksum, sizeof(checksum), "%08lx", crc32(0, image.data(), static_cast<uInt>(image.num_bytes())));
  return {name, 1e9 * median(seconds) / (static_cast<double>(source.width()) * source.height()), checksum};
}

std::vector<Figure> measure_operations(const Options& options, const RgbImage& source) {
  using enum AugmentOp;
  const PlannedOp ops[] = {{kBrightness, 0.3}, {kColor, 0.3},     {kContrast, 0.3}, {kSharpness, 0.3},  {kHue, 0.1},
                           {kGrayscale, 0},    {kPosterize, 4},   {kSolarize, 128}, {kAutoContrast, 0}, {kEqualize, 0},
                           {kInvert, 0},       {kVerticalFlip, 0}};
  const PlannedOp moves[] = {{kTranslateX, 20}, {kShearX, 0.2}, {kShearY, 0.2}, {kRotate, 20}};
  const std::pair<const char*, Interpolation> modes[] = {
      {"nearest", Interpolation::kNearest}, {"bilinear", Interpolation::kBilinear}, {"bicubic", Interpolation::kBicubic}};
  RgbImage spare;
  std::vector<Figure> figures;
  const auto add = [&](const PlannedOp& op, const std::string& mode, Interpolation interpolation) {
    const GeometryOptions geometry{interpolation, {}};
    figures.push_back(measure(concat(op_name(op.op), mode), source, options.num_iters,
                              [&](RgbImage& image, int) { apply_op(op, geometry, spare, image); }));
  };
  for (const PlannedOp& op : ops) add(op, "", Interpolation::kBilinear);
  for (const PlannedOp& op : moves)
    for (const auto& [mode, interpolation] : modes) add(op, concat("/", mode), interpolation);
  return figures;
}

std::vector<Figure> measure_policies(const Options& options, const RgbImage& source) {
  const std::pair<const char*, AutoAugmentPolicy> policies[] = {{"ra", AutoAugmentPolicy::kRandAugment},
                                                                {"ta_wide", AutoAugmentPolicy::kTrivialAugmentWide},
                                                                {"augmix", AutoAugmentPolicy::kAugMix},
                                                                {"imagenet", AutoAugmentPolicy::kImageNet}};
  AugmentScratch scratch;
  std::vector<Figure> figures;
  const auto add = [&](const std::string& name, const AugmentOptions& augment) {
    const Augmentation augmentation(augment);
    RgbImage image;
    const auto start = Clock::now();
    for (int i = 0; i < options.num_iters; ++i) {
      copy(source, image);
      augmentation.apply(image, {0, 0, static_cast<uint64_t>(i)}, scratch);
    }
    const double num_pixels = static_cast<double>(source.width()) * source.height() * options.num_iters;
    figures.push_back({name, 1e9 * seconds_since(start) / num_pixels, "-"});
  };
  for (const auto& [name, policy] : policies) add(concat("policy/", name), {.policy = policy});
  AugmentOptions jitter;
  jitter.color_jitter = {.brightness = 0.4, .contrast = 0.4, .saturation = 0.4, .hue = 0.1};
  add("policy/color_jitter", jitter);
  return figures;
}

/// By name.
std::map<std::string, Figure> measure_pillow(const Options& options) {
  SubprocessOptions command;
  command.argv = {options.python, SKEIN_PEERS_DIR "/augmentations.py", "--side", std::to_string(options.side), "--num-iters",
                  std::to_string(options.num_iters)};
  const CapturedRun peer = run_captured(command, Deadline::after(std::chrono::minutes(10)));
  if (!peer.status.success())
    throw UsageError(concat(options.python, " could not measure Pillow (", peer.status.describe(), "): ", peer.standard_error),
                     "name an interpreter that has Pillow and numpy with --python");
  std::map<std::string, Figure> figures;
  std::istringstream lines(peer.standard_output);
  for (Figure figure; lines >> figure.name >> figure.nanoseconds >> figure.checksum;) figures[figure.name] = figure;
  return figures;
}

int run(World& world, const Options& options, const OptionTable& table) {
  Report report(options.json, table, world);
  const RgbImage source = picture(options.side);
  std::vector<Figure> figures = measure_operations(options, source);
  for (Figure& figure : measure_policies(options, source)) figures.push_back(std::move(figure));
  const auto peers = options.peer == "pillow" ? measure_pillow(options) : std::map<std::string, Figure>{};
  std::printf("%-22s  %8s  %8s  %6s   ns per pixel\n", "", "Skein", "Pillow", "ratio");
  nlohmann::json rows = nlohmann::json::array();
  int num_different = 0;
  for (const Figure& figure : figures) {
    rows.push_back({{"name", figure.name}, {"ns_per_pixel", figure.nanoseconds}});
    const auto peer = peers.find(figure.name);
    if (peer == peers.end()) {
      std::printf("%-22s  %8.3f\n", figure.name.c_str(), figure.nanoseconds);
      continue;
    }
    const bool is_same = figure.checksum == peer->second.checksum;
    num_different += !is_same;
    rows.back().update({{"pillow_ns_per_pixel", peer->second.nanoseconds}, {"same_pixels", is_same}});
    std::printf("%-22s  %8.3f  %8.3f  %6.1f%s\n", figure.name.c_str(), figure.nanoseconds, peer->second.nanoseconds,
                peer->second.nanoseconds / figure.nanoseconds, is_same ? "" : "  the pixels differ");
  }
  report.write({{"operations", rows}});
  return num_different == 0 ? 0 : 1;
}

}  // namespace
}  // namespace skein::bench

int main(int argc, char** argv) {
  skein::bench::Options options;
  skein::OptionTable table = skein::bench::make_option_table(options);
  return skein::bench::benchmark_main(argc, argv, table,
                                      [&](skein::World& world) { return skein::bench::run(world, options, table); });
}
