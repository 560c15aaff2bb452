#include "collectives/stages.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "collectives/copy_kernels.h"
#include "collectives/reduce_kernels.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {
constexpr std::size_t kAtHandBytes = 32 * 1024;
}

StageWriter::Stores StageWriter::configured() {
  const std::string setting = environment_variable("SKEIN_STAGE_STORES").value_or("measured");
  if (setting == "measured") return Stores::kMeasured;
  if (setting == "cached") return Stores::kCached;
  if (setting == "streamed") return Stores::kStreamed;
  throw ConfigError(concat("SKEIN_STAGE_STORES='", setting, "' is neither measured, cached nor streamed"), "unset it");
}

void StageWriter::copy(std::byte* stage, const std::byte* from, std::size_t num_bytes) {
  constexpr unsigned kCopiesPerMeasurement = 16;
  constexpr std::size_t kWorthMeasuring = 4 * 1024;
  const bool now = measures_ && num_bytes >= kWorthMeasuring && num_copies_++ % kCopiesPerMeasurement == 0;
  const std::size_t done = now ? measure(stage, from, num_bytes) : 0;
  (past_caches_ ? copy_past_caches : copy_ahead)(stage + done, from + done, num_bytes - done);
}

std::size_t StageWriter::measure(std::byte* stage, const std::byte* from, std::size_t num_bytes) {
  constexpr double kClearly = 3;
  const std::size_t each = std::min(kAtHandBytes, num_bytes) / 2;
  at_hand_.resize(kAtHandBytes);
  copy_ahead(at_hand_.data(), from, 2 * each);
  const auto timed = [&](auto copy, std::size_t offset) {
    const auto begin = std::chrono::steady_clock::now();
    copy(stage + offset, at_hand_.data() + offset, each);
    return std::chrono::steady_clock::now() - begin;
  };
  const auto into_caches = timed(copy_ahead, 0);
  const auto past_caches = timed(copy_past_caches, each);
  const bool past_is_faster = into_caches > kClearly * past_caches;
  if (past_is_faster == past_was_faster_) past_caches_ = past_is_faster;
  past_was_faster_ = past_is_faster;
  return 2 * each;
}

void StageWriter::reduce(std::byte* output, std::byte* stage, std::span<const void* const> sources, std::size_t count,
                         DType dtype, ReduceOp op, const Scales& scales) {
  if (!past_caches_ || !stage) {
    std::vector<void*> results;
    if (output) results.push_back(output);
    if (stage) results.push_back(stage);
    return reduce_buffers(results, sources, count, dtype, op, scales);
  }
  constexpr std::size_t kBlockBytes = kAtHandBytes / 2;  // stays in the first-level cache until it is copied
  if (!output) at_hand_.resize(kAtHandBytes);
  std::vector<const void*> inputs(sources.size());
  const std::size_t block_count = kBlockBytes / dtype_bytes(dtype);
  for (std::size_t begin = 0; begin < count; begin += block_count) {
    const std::size_t offset = begin * dtype_bytes(dtype);
    const std::size_t length = std::min(block_count, count - begin);
    std::transform(sources.begin(), sources.end(), inputs.begin(),
                   [&](const void* source) { return static_cast<const std::byte*>(source) + offset; });
    std::byte* const result = output ? output + offset : at_hand_.data();
    reduce_buffers(std::array<void*, 1>{result}, inputs, length, dtype, op, scales);
    copy_past_caches(stage + offset, result, length * dtype_bytes(dtype));
  }
}

void Stages::begin_call(std::size_t piece_bytes) {
  constexpr std::size_t kLineBytes = 128;
  piece_bytes_ = std::max(kLineBytes, (piece_bytes + kLineBytes - 1) / kLineBytes * kLineBytes);
  first_ = (end_of_last_ + piece_bytes_ - 1) / piece_bytes_;
}

std::size_t Stages::offset(std::size_t chunk) const {
  return (first_ + chunk) % (kRingBytes / piece_bytes_) * piece_bytes_;
}

}  // namespace skein
