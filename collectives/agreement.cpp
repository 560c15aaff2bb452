#include "collectives/agreement.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "collectives/algorithms.h"
#include "collectives/reduce_kernels.h"

namespace skein {
namespace {

/// What travels: the two minima, and the payload behind them.
class Message {
 public:
  Message() : bytes_(sizeof(Minima) + kMostPayloadBytes) {}

  struct Minima {
    std::uint64_t of_digests = ~std::uint64_t{0};
    std::uint64_t of_complements = ~std::uint64_t{0};
    void add(std::uint64_t digest, std::uint64_t complement) {
      of_digests = std::min(of_digests, digest);
      of_complements = std::min(of_complements, complement);
    }
    bool all_equal() const { return of_digests == ~of_complements; }
  };

  static_assert(sizeof(Minima) == kAgreementBytes);

  Minima minima() const {
    Minima minima;
    std::memcpy(&minima, bytes_.data(), sizeof minima);
    return minima;
  }
  void set_minima(const Minima& minima) { std::memcpy(bytes_.data(), &minima, sizeof minima); }
  std::byte* payload() { return bytes_.data() + sizeof(Minima); }
  std::span<std::byte> whole() { return bytes_; }
  std::span<std::byte> with_payload(std::size_t num_bytes) { return whole().first(sizeof(Minima) + num_bytes); }

 private:
  std::vector<std::byte> bytes_;
};

/// The lower rank's elements come first, so that the result is the same on both sides.
void combine(std::byte* mine, const std::byte* theirs, bool theirs_first, const SmallPayload& payload) {
  std::array<const void*, 2> sources{mine, theirs};
  if (theirs_first) std::swap(sources[0], sources[1]);
  reduce_buffers(std::array<void*, 1>{mine}, sources, payload.count, payload.dtype, payload.op);
}

}  // namespace

bool agree_between_hosts(Transport& transport, std::span<const int> peers, int host,
                         std::span<const std::uint64_t> digests, const SmallPayload& payload, Tag tag,
                         Deadline deadline) {
  thread_local Message mine;
  thread_local Message theirs;
  Message::Minima minima;
  for (const std::uint64_t digest : digests) minima.add(digest, ~digest);
  if (payload.count != 0) std::memcpy(mine.payload(), payload.data, payload.num_bytes());
  for (const Step& step : recursive_doubling_allreduce(host, static_cast<int>(peers.size()), /*count=*/1)) {
    mine.set_minima(minima);
    std::unique_ptr<Transfer> receiving;
    std::unique_ptr<Transfer> sending;
    if (step.recv_from != kNobody) receiving = transport.recv_up_to(peers[step.recv_from], tag, theirs.whole());
    if (step.send_to != kNobody)
      sending = transport.send(peers[step.send_to], tag, mine.with_payload(payload.num_bytes()));
    if (sending) sending->wait(deadline);
    if (!receiving) continue;
    receiving->wait(deadline);
    minima.add(theirs.minima().of_digests, theirs.minima().of_complements);
    if (receiving->num_received() != mine.with_payload(payload.num_bytes()).size()) continue;  // they disagree
    if (step.reduce)
      combine(mine.payload(), theirs.payload(), step.recv_from < host, payload);
    else if (payload.count != 0)
      std::memcpy(mine.payload(), theirs.payload(), payload.num_bytes());
  }
  if (payload.count != 0) std::memcpy(payload.data, mine.payload(), payload.num_bytes());
  return minima.all_equal();
}

}  // namespace skein
