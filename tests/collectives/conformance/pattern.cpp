#include "tests/collectives/conformance/pattern.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

constexpr std::byte kMark{0x5a};

double contributed(DType dtype, ReduceOp op, int rank, int world_size, std::size_t index) {
  if (op == ReduceOp::kProduct) {  // three ranks beside ones, so that the product stays small
    const auto position = static_cast<int>((index + rank) % world_size);
    return position == 0 ? 2 : position == 1 ? 3 : position == 2 ? 5 : 1;
  }
  const double value = static_cast<double>((rank * 5 + index * 3 + index / 11) % 8);
  const bool has_negatives = is_floating(dtype) || (dtype >= DType::kInt8 && dtype <= DType::kInt64);
  return has_negatives ? value - 4 : value;
}

/// What has been computed stays: the sanitizers make computing slow.
template <class Value>
const Pattern& cached(const char* kind, DType dtype, ReduceOp op, int rank, int world_size, Scales scales,
                      Value value) {
  static std::mutex mutex;
  static std::map<std::tuple<std::string, DType, ReduceOp, int, int, double, double>, Pattern> patterns;
  std::lock_guard lock(mutex);
  const auto key = std::make_tuple(std::string(kind), dtype, op, rank, world_size, scales.pre, scales.post);
  const auto found = patterns.find(key);
  return found != patterns.end() ? found->second : patterns.emplace(key, Pattern(dtype, value)).first->second;
}

}  // namespace

Pattern::Pattern(DType dtype, const std::function<double(std::size_t)>& value)
    : dtype_(dtype), period_(kPeriod * dtype_bytes(dtype)) {
  for (std::size_t i = 0; i < kPeriod; ++i) store_element(dtype, period_.data(), i, value(i));
}

void Pattern::write(const Buffer& buffer, std::size_t first) const {
  const std::size_t element = dtype_bytes(dtype_);
  for (std::size_t done = 0; done < buffer.count;) {
    const std::size_t phase = (first + done) % kPeriod;
    const std::size_t length = std::min(kPeriod - phase, buffer.count - done);
    std::memcpy(static_cast<std::byte*>(buffer.data) + done * element, &period_[phase * element], length * element);
    done += length;
  }
}

testing::AssertionResult Pattern::found_in(const Buffer& buffer, std::size_t first) const {
  const std::size_t element = dtype_bytes(dtype_);
  for (std::size_t done = 0; done < buffer.count;) {
    const std::size_t phase = (first + done) % kPeriod;
    const std::size_t length = std::min(kPeriod - phase, buffer.count - done);
    const auto* found = static_cast<const std::byte*>(buffer.data) + done * element;
    for (std::size_t i = 0; std::memcmp(found, &period_[phase * element], length * element) != 0; ++i) {
      if (std::memcmp(found + i * element, &period_[(phase + i) * element], element) == 0) continue;
      return testing::AssertionFailure() << "element " << done + i << " of " << buffer.count << " "
                                         << dtype_name(dtype_) << " is " << load_element(dtype_, found, i)
                                         << " instead of " << load_element(dtype_, period_.data(), phase + i);
    }
    done += length;
  }
  return testing::AssertionSuccess();
}

const Pattern& contribution(DType dtype, ReduceOp op, int rank, int world_size) {
  return cached("contribution", dtype, op, rank, world_size, {},
                [=](std::size_t index) { return contributed(dtype, op, rank, world_size, index); });
}

const Pattern& reduction(DType dtype, ReduceOp op, int world_size, Scales scales) {
  return cached("reduction", dtype, op, 0, world_size, scales, [=](std::size_t index) {
    std::vector<double> values;
    for (int rank = 0; rank < world_size; ++rank)
      values.push_back(scale_element(dtype, contributed(dtype, op, rank, world_size, index), scales.pre));
    const double factor = op == ReduceOp::kAverage ? scales.post / world_size : scales.post;
    return scale_element(dtype, reduce_elements(dtype, op, values), factor);
  });
}

const Pattern& inexact_contribution(DType dtype, int rank) {
  return cached("inexact", dtype, ReduceOp::kSum, rank, 0, {}, [=](std::size_t index) {
    return std::sin(1.0 + 0.37 * rank + 0.013 * static_cast<double>(index)) * std::exp(rank % 5);
  });
}

const char* memory_kind_name(MemoryKind kind) {
  return kind == MemoryKind::kOrdinary ? "ordinary memory" : kind == MemoryKind::kArena ? "arena" : "mixed memory";
}

Workspace::Workspace(Communicator& communicator, MemoryKind kind, std::size_t max_bytes) : max_bytes_(max_bytes) {
  const std::size_t num_bytes = max_bytes + 2 * kMarkBytes;
  if (kind != MemoryKind::kOrdinary) shared_ = communicator.allocate(num_bytes);
  const bool use_arena = kind == MemoryKind::kArena || (kind == MemoryKind::kMixed && communicator.rank() % 2 == 1);
  if (!use_arena) ordinary_.resize(num_bytes);
  memory_ = use_arena ? shared_.data.get() : ordinary_.data();
}

Buffer Workspace::buffer(DType dtype, std::size_t count, std::size_t shift) {
  std::byte* data = memory_ + kMarkBytes + shift * dtype_bytes(dtype);
  current_ = {data, count, dtype};
  if (current_.num_bytes() + shift * dtype_bytes(dtype) > max_bytes_) throw std::logic_error("workspace too small");
  std::fill_n(data - kMarkBytes, kMarkBytes, kMark);
  std::fill_n(data + current_.num_bytes(), kMarkBytes, kMark);
  return current_;
}

testing::AssertionResult Workspace::marks_intact() const {
  const auto* data = static_cast<const std::byte*>(current_.data);
  const auto is_mark = [](std::byte b) { return b == kMark; };
  if (!std::all_of(data - kMarkBytes, data, is_mark)) return testing::AssertionFailure() << "written before the buffer";
  const std::byte* end = data + current_.num_bytes();
  if (!std::all_of(end, end + kMarkBytes, is_mark)) return testing::AssertionFailure() << "written behind the buffer";
  return testing::AssertionSuccess();
}

Buffer block_of(const Buffer& buffer, std::size_t count, std::size_t index) {
  return {static_cast<std::byte*>(buffer.data) + index * count * dtype_bytes(buffer.dtype), count, buffer.dtype};
}

testing::AssertionResult equal_on_all_ranks(Communicator& communicator, const Buffer& buffer) {
  std::vector<std::byte> first(buffer.num_bytes());
  if (communicator.rank() == 0) std::copy_n(static_cast<const std::byte*>(buffer.data), first.size(), first.begin());
  communicator.broadcast({first.data(), first.size(), DType::kUInt8}, 0, "result of rank 0");
  if (first.empty() || std::memcmp(first.data(), buffer.data, first.size()) == 0) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "rank " << communicator.rank() << " holds other bits than rank 0";
}

}  // namespace skein
