#include "collectives/call.h"

#include <array>
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

}  // namespace

std::string_view operation_name(Operation operation) {
  static constexpr std::array<std::string_view, kNumOperations> kNames = {"allreduce", "reduce_scatter", "allgather",
                                                                          "broadcast", "barrier"};
  return kNames[static_cast<std::size_t>(operation)];
}

std::uint64_t Call::digest() const {
  const std::uint64_t kinds = static_cast<std::uint64_t>(operation) | static_cast<std::uint64_t>(dtype) << 8 |
                              static_cast<std::uint64_t>(reduce_op) << 16 | static_cast<std::uint64_t>(root) << 32;
  return hash_text(name, mix(mix(sequence, kinds), count));
}

std::string Call::describe() const {
  std::string text = concat(operation_name(operation), " #", sequence);
  if (!name.empty()) text += concat(" '", name, "'");
  if (operation == Operation::kBarrier) return text;
  text += concat(" ", dtype_name(dtype), " x ", count);
  if (operation == Operation::kAllreduce || operation == Operation::kReduceScatter)
    text += concat(", ", reduce_op_name(reduce_op));
  if (operation == Operation::kBroadcast) text += concat(", root ", root);
  return text;
}

}  // namespace skein
