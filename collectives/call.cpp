#include "collectives/call.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "runtime/process/text.h"

namespace skein {
namespace {

/// Multiply-and-fold, as in wyhash (Wang Yi, public domain): a 128-bit product folded to 64 bits.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xe7037ed1a0b428dbu);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = seed ^ text.size();
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = mix(hash, word);
    text.remove_prefix(8);
  }
  std::uint64_t tail = 0;
  if (!text.empty()) std::memcpy(&tail, text.data(), text.size());
  return mix(hash, tail);
}

constexpr std::size_t kMostBlocksNamed = 16;

std::string list_of(std::span<const std::size_t> counts) {
  std::string text;
  for (std::size_t i = 0; i < std::min(counts.size(), kMostBlocksNamed); ++i)
    text += concat(i == 0 ? "" : ", ", counts[i]);
  return counts.size() > kMostBlocksNamed ? text + ", ..." : text;
}

}  // namespace

std::string_view operation_name(Operation operation) {
  static constexpr std::array<std::string_view, kNumOperations> kNames = {
      "allreduce", "reduce", "reduce_scatter", "allgather", "gather", "scatter", "broadcast", "alltoall", "barrier"};
  return kNames[static_cast<std::size_t>(operation)];
}

bool reduces(Operation operation) {
  return operation == Operation::kAllreduce || operation == Operation::kReduce ||
         operation == Operation::kReduceScatter;
}

bool has_root(Operation operation) {
  return operation == Operation::kReduce || operation == Operation::kGather || operation == Operation::kScatter ||
         operation == Operation::kBroadcast;
}

std::uint64_t Call::digest() const {
  const std::uint64_t kinds = static_cast<std::uint64_t>(operation) | static_cast<std::uint64_t>(dtype) << 8 |
                              static_cast<std::uint64_t>(reduce_op) << 16 |
                              static_cast<std::uint64_t>(pairwise_counts) << 24 |
                              static_cast<std::uint64_t>(wire_dtype ? 1 + static_cast<int>(*wire_dtype) : 0) << 25 |
                              static_cast<std::uint64_t>(root) << 32;
  std::uint64_t hash = mix(mix(sequence, kinds), count);
  if (scales != Scales{})
    hash = mix(mix(hash, std::bit_cast<std::uint64_t>(scales.pre)), std::bit_cast<std::uint64_t>(scales.post));
  for (const std::size_t block_count : block_counts) hash = mix(hash, block_count);
  return hash_text(name, hash);
}

std::string Call::describe() const {
  std::string text = concat(operation_name(operation), " #", sequence);
  if (!name.empty()) text += concat(" '", name, "'");
  if (operation == Operation::kBarrier) return text;
  text += concat(" ", dtype_name(dtype));
  text += pairwise_counts ? " in blocks of different lengths" : concat(" x ", count);
  if (!block_counts.empty()) text += concat(" in blocks of ", list_of(block_counts));
  if (reduces(operation)) text += concat(", ", reduce_op_name(reduce_op));
  if (scales != Scales{}) text += concat(", scaled by ", scales.pre, " before and ", scales.post, " after");
  if (wire_dtype) text += concat(", travelling as ", dtype_name(*wire_dtype));
  if (has_root(operation)) text += concat(", root ", root);
  return text;
}

Call allocation_call(std::size_t num_bytes, MemoryOf owner) {
  Call call;
  call.operation = Operation::kAllgather;
  call.count = num_bytes;
  call.name = owner == MemoryOf::kRank ? "arena allocation" : "allocation for the host";
  return call;
}

}  // namespace skein
