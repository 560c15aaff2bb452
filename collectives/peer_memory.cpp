#include "collectives/peer_memory.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "collectives/copy_kernels.h"
#include "collectives/reduce_kernels.h"
#include "runtime/process/deadline.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/process_memory.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// Marks a location as an address of the process that says it.
constexpr Arena::Location kAddress = Arena::Location{1} << 63;

[[noreturn]] void throw_unreachable(const Peer& peer) {
  const std::string reason = std::strerror(errno);
  throw PeerLost(concat(peer.name, ": its memory cannot be reached any more (process ", peer.pid, "): ", reason),
                 "look for its first error; it has died, or has freed a buffer during the call");
}

/// What each rank lets the others find.
struct Probe {
  pid_t pid;
  std::uint64_t address;  // of `value`
  std::uint64_t value;
};

/// The value tells a process of another namespace of process numbers from the one that is meant.
bool can_read(const Probe& probe) {
  std::uint64_t value = 0;
  return read_process_memory(probe.pid, probe.address, reinterpret_cast<std::byte*>(&value), sizeof value) &&
         value == probe.value;
}

bool forbidden() {
  const auto setting = environment_variable("SKEIN_PEER_MEMORY");
  if (!setting || *setting == "on") return false;
  if (*setting == "off") return true;
  throw ConfigError(concat("SKEIN_PEER_MEMORY='", *setting, "' is neither on nor off"), "unset it");
}

}  // namespace

PeerBuffer PeerBuffer::from(std::size_t offset) const {
  return here_ != nullptr ? PeerBuffer(here_ + offset) : PeerBuffer(*owner_, there_ + offset);
}

const std::byte* PeerBuffer::read(std::size_t num_bytes, std::byte* scratch) const {
  if (here_ != nullptr) return here_;
  copy_to(scratch, num_bytes);
  return scratch;
}

void PeerBuffer::copy_to(std::byte* to, std::size_t num_bytes) const {
  if (here_ == to) return;
  if (here_ != nullptr) return copy_large(to, here_, num_bytes);
  if (!read_process_memory(owner_->pid, there_, to, num_bytes)) throw_unreachable(*owner_);
}

void PeerBuffer::copy_from(const std::byte* from, std::size_t num_bytes) const {
  if (here_ == from) return;
  if (here_ != nullptr) return copy_large(here_, from, num_bytes);
  if (!write_process_memory(owner_->pid, there_, from, num_bytes)) throw_unreachable(*owner_);
}

void PeerReducer::reduce(std::byte* destination, std::span<const PeerBuffer> sources, std::size_t offset,
                         std::size_t count, DType dtype, ReduceOp op, const Scales& scales) {
  const std::size_t num_bytes = count * dtype_bytes(dtype);
  copies_.resize(std::max(copies_.size(), sources.size() * num_bytes));
  inputs_.resize(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i)
    inputs_[i] = sources[i].from(offset).read(num_bytes, copies_.data() + i * num_bytes);
  reduce_buffers(std::array<void*, 1>{destination}, inputs_, count, dtype, op, scales);
}

PeerMemory::PeerMemory(std::shared_ptr<Arena> arena, std::vector<int> slots, const std::vector<std::string>& names,
                       const std::function<std::vector<std::string>(const std::string&)>& exchange)
    : arena_(std::move(arena)), slots_(std::move(slots)) {
  const std::uint64_t value = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  const Probe mine{getpid(), reinterpret_cast<std::uint64_t>(&value), value};
  bool all_in_reach = !forbidden();
  for (const std::string& text : exchange({reinterpret_cast<const char*>(&mine), sizeof mine})) {
    Probe probe;
    std::memcpy(&probe, text.data(), sizeof probe);
    all_in_reach = all_in_reach && (probe.pid == getpid() || can_read(probe));
    peers_.push_back({probe.pid, names[peers_.size()]});
  }
  const std::vector<std::string> answers = exchange(all_in_reach ? "1" : "0");
  reaches_all_ = std::count(answers.begin(), answers.end(), "1") == std::ssize(answers);
}

Arena::Location PeerMemory::reach(const void* data, std::size_t num_bytes) const {
  const Arena::Location shared = locate(data, num_bytes);
  if (shared != Arena::kNowhere || !reaches_all_) return shared;
  return kAddress | reinterpret_cast<std::uint64_t>(data);
}

PeerBuffer PeerMemory::buffer(Arena::Location location, int local) const {
  if ((location & kAddress) == 0) return PeerBuffer(address(location, local));
  const std::uint64_t there = location & ~kAddress;
  if (peers_[local].pid == getpid()) return PeerBuffer(reinterpret_cast<std::byte*>(there));
  return {peers_[local], there};
}

}  // namespace skein
