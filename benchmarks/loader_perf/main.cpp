// loader_perf: images a second from stored pictures to normalised batches on one core, from files and from packs, beside torchvision's
// ImageFolder with Pillow, and what libjpeg-turbo alone takes to decode the same files.

#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "benchmarks/loader_perf/contestants.h"
#include "benchmarks/loader_perf/photographs.h"
#include "benchmarks/support/statistics.h"
#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/run_main.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/pack/pack_source.h"
#include "trainer/data/pack/packed_images.h"

namespace skein::bench {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::optional<fs::path> images;
  int num_images = 512;
  std::vector<int> image_size = {500, 375};
  int quality = 90;
  int crop_size = 224;
  int pack_size = 256;
  int batch_size = 32;
  std::string scaled_decoding = "on";
  std::string peer = "none";
  std::optional<fs::path> python;
  std::optional<int> core;
  int num_rounds = 7;
  fs::path json;
};

OptionTable make_table(Options& options) {
  OptionTable table("loader_perf", "Measures how fast one core makes batches of stored pictures: RandomResizedCrop, flip, normalise.",
                    SKEIN_VERSION);
  table.add("--images", options.images, "folder with CLASS/*.jpg; else pictures are made").unit("DIR");
  table.add("--num-images", options.num_images, "pictures to make").at_least(1);
  table.add("--image-size", options.image_size, "of the pictures made").unit("WIDTH,HEIGHT").at_least(16);
  table.add("--quality", options.quality, "of the JPEGs made").range(1, 100);
  table.add("--crop-size", options.crop_size, "side of the output").unit("PIXELS").at_least(1);
  table.add("--pack-size", options.pack_size, "shorter side of the pictures in the packs").unit("PIXELS").at_least(1);
  table.add("--batch-size,-b", options.batch_size, "images at a time").at_least(1);
  table.add("--scaled-decoding", options.scaled_decoding, "decode large pictures at a fraction of their size, as the trainer does in training")
      .choices({"on", "off"});
  table.add("--peer", options.peer, "library measured beside Skein, in turns").choices({"none", "torchvision"});
  table.add("--python", options.python, "that has torch, for the peer; else that of .venv").unit("FILE").existing_file();
  table.add("--core", options.core, "on which everything runs; else the last one allowed").at_least(0);
  table.add("--rounds", options.num_rounds, "in which all take turns; the figures are medians").at_least(1);
  table.add("--json", options.json, "write the figures to this file").unit("FILE");
  return table;
}

/// A folder that goes away.
class WorkFolder {
 public:
  WorkFolder() : path_(fs::temp_directory_path() / "skein_loader_perf_XXXXXX") {
    std::string name = path_;
    if (mkdtemp(name.data()) == nullptr) throw StorageError("cannot make a folder like " + name, "set TMPDIR to where there is room");
    path_ = name;
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// This thread and those it starts.
int run_on_one_core(std::optional<int> wanted) {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof(allowed), &allowed);
  int core = -1;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &allowed) && (!wanted || i == *wanted)) core = i;
  if (core < 0) throw UsageError(concat("--core ", *wanted, " is none that this process may use"), "leave it out");
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  sched_setaffinity(0, sizeof(one), &one);
  return core;
}

std::shared_ptr<const ImageSource> packed(const ImageSource& source, const fs::path& file, PackEncoding encoding, const Options& options) {
  PackOptions pack;
  pack.recipe.encoding = encoding;
  pack.recipe.shorter_side = options.pack_size;
  if (encoding == PackEncoding::kJpeg) pack.recipe.quality = options.quality;
  pack_source(source, file, pack).writer->publish();
  return std::make_shared<PackedImages>(file);
}

class Race {
 public:
  explicit Race(const Options& options) : options_(options), core_(run_on_one_core(options.core)) {
    folder_ = options.images.value_or(work_.path() / "images");
    if (!options.images) {
      std::printf("# making %d pictures of %d x %d pixels\n", options.num_images, options.image_size[0], options.image_size[1]);
      std::fflush(stdout);
      write_photographs(folder_, options.num_images, {options.image_size[0], options.image_size[1]}, options.quality);
    }
    images_ = std::make_shared<ImageFolder>(folder_);
    for (size_t i = 0; i < images_->num_images(); ++i) {
      std::vector<uint8_t> buffer;
      const auto bytes = images_->read(i, buffer).bytes;
      files_.emplace_back(bytes.begin(), bytes.end());
      num_bytes_ += bytes.size();
    }
    folder_loader_.emplace(images_, loader_options());
    jpeg_pack_loader_.emplace(packed(*images_, work_.path() / "jpeg.h5", PackEncoding::kJpeg, options), loader_options());
    raw_pack_loader_.emplace(packed(*images_, work_.path() / "raw.h5", PackEncoding::kRaw, options), loader_options());
  }

  /// Each of them once, in turns; round 0 warms up.
  void run_round(int round) {
    const auto epoch = static_cast<uint64_t>(round);
    record(round, "folder", loader_rate(folder_loader_.value(), files_.size(), epoch));
    record(round, "full decode", full_decode_rate(files_));
    record(round, "jpeg pack", loader_rate(jpeg_pack_loader_.value(), files_.size(), epoch));
    record(round, "raw pack", loader_rate(raw_pack_loader_.value(), files_.size(), epoch));
    if (options_.peer != "torchvision") return;
    peer_ = nlohmann::json::parse(run_torchvision(options_.python.value_or(fs::path(SKEIN_SOURCE_DIR) / ".venv/bin/python"), folder_, loader_options(), core_));
    record(round, "torchvision", peer_.at("images_per_second"));
  }

  void print() const {
    std::printf("# %zu pictures, %.1f kB each on average, %d x %d out; core %d; medians of %d rounds in turns\n", files_.size(),
                static_cast<double>(num_bytes_) / 1000 / static_cast<double>(files_.size()), options_.crop_size, options_.crop_size, core_,
                options_.num_rounds);
    std::printf("# %-12s %12s %16s %16s\n", "from", "images/s", "of full decode", "times folder");
    for (const auto& [name, rates] : rates_)
      std::printf("  %-12s %12.1f %16.3f %16.2f\n", name.c_str(), median(rates), ratio(name, "full decode"), ratio(name, "folder"));
    if (rates_.contains("torchvision")) std::printf("# folder / torchvision: %.2f\n", ratio("folder", "torchvision"));
  }

  nlohmann::json figures() const {
    nlohmann::json figures{{"images_per_second", median(rates_.at("folder"))},
                           {"full_decode_images_per_second", median(rates_.at("full decode"))},
                           {"fraction_of_full_decode", ratio("folder", "full decode")},
                           {"jpeg_pack_images_per_second", median(rates_.at("jpeg pack"))},
                           {"jpeg_pack_ratio", ratio("jpeg pack", "folder")},
                           {"raw_pack_images_per_second", median(rates_.at("raw pack"))},
                           {"raw_pack_ratio", ratio("raw pack", "folder")},
                           {"num_images", files_.size()},
                           {"mean_image_bytes", static_cast<double>(num_bytes_) / static_cast<double>(files_.size())},
                           {"rates_by_round", rates_}};
    if (rates_.contains("torchvision")) {
      figures["peer"] = peer_;
      figures["peer"]["images_per_second"] = median(rates_.at("torchvision"));
      figures["ratio_to_torchvision"] = ratio("folder", "torchvision");
    }
    return figures;
  }

 private:
  LoaderOptions loader_options() const {
    LoaderOptions loader;
    loader.batch_size = static_cast<size_t>(options_.batch_size);
    loader.num_workers = 1;
    loader.transform = TrainTransform{.crop_size = options_.crop_size};
    loader.pixels.reduce_while_decoding = options_.scaled_decoding == "on";
    return loader;
  }
  void record(int round, const std::string& name, double rate) {
    if (round > 0) rates_[name].push_back(rate);
  }
  /// Median of the rounds' own ratios: a machine that slows down slows all of them.
  double ratio(const std::string& name, const std::string& to) const {
    std::vector<double> ratios;
    for (size_t i = 0; i < rates_.at(name).size(); ++i) ratios.push_back(rates_.at(name)[i] / rates_.at(to)[i]);
    return median(ratios);
  }

  const Options& options_;
  WorkFolder work_;
  int core_;
  fs::path folder_;
  std::shared_ptr<const ImageFolder> images_;
  std::optional<Loader> folder_loader_, jpeg_pack_loader_, raw_pack_loader_;
  std::vector<std::vector<uint8_t>> files_;
  uint64_t num_bytes_ = 0;
  std::map<std::string, std::vector<double>> rates_;
  nlohmann::json peer_;
};

int run(int argc, char** argv) {
  Options options;
  OptionTable table = make_table(options);
  if (!table.parse_or_print(argc, argv, std::cout)) return 0;
  if (options.image_size.size() != 2) throw UsageError("--image-size takes two numbers", "e.g. --image-size 500,375");
  std::optional<AtomicFile> report;
  if (!options.json.empty()) report.emplace(options.json, "--json");
  Race race(options);
  for (int round = 0; round <= options.num_rounds; ++round) race.run_round(round);
  race.print();
  if (!report) return 0;
  nlohmann::json figures = race.figures();
  figures.update({{"benchmark", table.program()}, {"options", table.values()}});
  report->write(figures.dump(2) + "\n");
  report->commit();
  return 0;
}

}  // namespace
}  // namespace skein::bench

int main(int argc, char** argv) {
  return skein::run_main("loader_perf", [&] { return skein::bench::run(argc, argv); });
}
