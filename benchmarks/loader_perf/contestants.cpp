#include "benchmarks/loader_perf/contestants.h"

#include <chrono>
#include <cstdio>  // jpeglib.h needs FILE and size_t
#include <numeric>

#include <jpeglib.h>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/subprocess.h"
#include "runtime/process/text.h"
#include "trainer/data/image/image.h"

namespace skein::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kPeerTimeout{10};

/// Where scripts/setup --peers has put torchvision; torch itself is in .venv.
std::string peer_packages() {
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(fs::path(SKEIN_SOURCE_DIR) / ".venv-peers/lib", missing))
    if (fs::exists(entry.path() / "site-packages/torchvision")) return entry.path() / "site-packages";
  throw ConfigError("torchvision is not in .venv-peers", "install it with scripts/setup --peers, or leave --peer out");
}

}  // namespace

double loader_rate(Loader& loader, size_t num_images, uint64_t epoch) {
  std::vector<size_t> order(num_images);
  std::iota(order.begin(), order.end(), size_t{0});
  const auto start = Clock::now();
  loader.start(epoch, order);
  while (loader.next() != nullptr) {
  }
  return static_cast<double>(num_images) / seconds_since(start);
}

double full_decode_rate(const std::vector<std::vector<uint8_t>>& files) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  RgbImage image;
  const auto start = Clock::now();
  for (const auto& file : files) {
    jpeg_mem_src(&info, file.data(), file.size());
    jpeg_read_header(&info, TRUE);
    info.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info);
    image.reshape({static_cast<int>(info.output_width), static_cast<int>(info.output_height)});
    while (info.output_scanline < info.output_height) {
      uint8_t* row = image.row(static_cast<int>(info.output_scanline));
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  }
  const double seconds = seconds_since(start);
  jpeg_destroy_decompress(&info);
  return static_cast<double>(files.size()) / seconds;
}

std::string run_torchvision(const fs::path& python, const fs::path& images, const LoaderOptions& options, int core) {
  SubprocessOptions process;
  const int crop_size = std::get<TrainTransform>(options.transform).crop_size;
  process.argv = {python.string(), (fs::path(SKEIN_SOURCE_DIR) / "benchmarks/peers/torchvision_loader.py").string(),
                  "--images",  images.string(),
                  "--core",    std::to_string(core),
                  "--crop-size", std::to_string(crop_size),
                  "--batch-size", std::to_string(options.batch_size)};
  process.environment = full_environment();
  (*process.environment)["PYTHONPATH"] = peer_packages();
  const CapturedRun run = run_captured(process, Deadline::after(kPeerTimeout));
  if (!run.status.success()) throw Error(concat("the torchvision peer ended with ", run.status.describe(), ":\n", run.standard_error));
  return run.standard_output;
}

}  // namespace skein::bench
