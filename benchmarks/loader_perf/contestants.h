#pragma once
// What loader_perf measures against each other: ways to get from stored pictures to batches, on one core.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/loader.h"

namespace skein::bench {

/// Images a second of one pass over all images, by a loader that has made passes before, as in every epoch of a training but the first.
double loader_rate(Loader& loader, size_t num_images, uint64_t epoch);

/// Images a second of decoding the whole of each picture from memory with libjpeg-turbo as it comes, and nothing else. Ends the program where
/// one is damaged.
double full_decode_rate(const std::vector<std::vector<uint8_t>>& files);

/// What the peer's program has measured: one JSON object (benchmarks/peers/torchvision_loader.py). Throws Error with its words where it
/// fails.
std::string run_torchvision(const std::filesystem::path& python, const std::filesystem::path& images, const LoaderOptions& options, int core);

}  // namespace skein::bench
