#include "tests/support/faulty_transport.h"

#include <algorithm>
#include <thread>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

class FaultyTransfer final : public Transfer {
 public:
  FaultyTransfer(std::unique_ptr<Transfer> transfer, const Fault& fault, int peer)
      : transfer_(std::move(transfer)), fault_(fault), peer_(peer) {}

  void wait(Deadline deadline) override {
    switch (fault_.kind) {
      case Fault::Kind::kFail:
        throw PeerLost(concat("the link to rank ", peer_, " broke"));
      case Fault::Kind::kTruncate:
        throw Error(concat("received too little from rank ", peer_));
      case Fault::Kind::kDelay:
        break;
    }
    std::this_thread::sleep_for(std::min<Clock::duration>(fault_.delay, deadline.remaining()));
    if (deadline.expired()) throw TimeoutError(concat("timed out while waiting for rank ", peer_));
    transfer_->wait(deadline);
  }
  bool done() override { return fault_.kind != Fault::Kind::kDelay || transfer_->done(); }
  std::size_t num_received() const override { return transfer_->num_received(); }

 private:
  std::unique_ptr<Transfer> transfer_;
  Fault fault_;
  int peer_;
};

class FaultyTransport final : public Transport {
 public:
  FaultyTransport(std::unique_ptr<Transport> transport, const Fault& fault)
      : transport_(std::move(transport)), fault_(fault) {}

  int rank() const override { return transport_->rank(); }
  int world_size() const override { return transport_->world_size(); }

  std::unique_ptr<Transfer> send(int peer, Tag tag, std::span<const std::byte> bytes) override {
    if (num_started_++ != fault_.nth) return transport_->send(peer, tag, bytes);
    if (fault_.kind == Fault::Kind::kTruncate) return transport_->send(peer, tag, bytes.first(bytes.size() - 1));
    return std::make_unique<FaultyTransfer>(transport_->send(peer, tag, bytes), fault_, peer);
  }
  std::unique_ptr<Transfer> recv(int peer, Tag tag, std::span<std::byte> bytes) override {
    return perhaps_faulty(transport_->recv(peer, tag, bytes), peer);
  }
  std::unique_ptr<Transfer> recv_up_to(int peer, Tag tag, std::span<std::byte> bytes) override {
    return perhaps_faulty(transport_->recv_up_to(peer, tag, bytes), peer);
  }
  std::unique_ptr<Transport> split(const std::vector<int>& ranks) override { return transport_->split(ranks); }

 private:
  std::unique_ptr<Transfer> perhaps_faulty(std::unique_ptr<Transfer> transfer, int peer) {
    if (num_started_++ != fault_.nth) return transfer;
    return std::make_unique<FaultyTransfer>(std::move(transfer), fault_, peer);
  }

  std::unique_ptr<Transport> transport_;
  Fault fault_;
  int num_started_ = 0;
};

}  // namespace

std::unique_ptr<Transport> make_faulty(std::unique_ptr<Transport> transport, const Fault& fault) {
  return std::make_unique<FaultyTransport>(std::move(transport), fault);
}

}  // namespace skein
