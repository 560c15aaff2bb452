#include "collectives/mpi_transport.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <string>

#include "runtime/process/error.h"
#include "runtime/process/health.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

void check(int code, const std::string& what) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  throw PeerLost(what + ": " + std::string(text.data(), length));
}

class MpiTransfer final : public Transfer {
 public:
  /// `num_bytes` that must arrive; kUnchecked for a send, or for a receive of any length.
  MpiTransfer(const Health& health, int peer, const char* verb, int num_bytes)
      : health_(health), peer_(peer), verb_(verb), num_bytes_(num_bytes) {}
  static constexpr int kUnchecked = -1;
  /// After a failure: what arrives from now on must not be written to memory that is gone.
  ~MpiTransfer() override {
    if (request_ == MPI_REQUEST_NULL) return;
    MPI_Cancel(&request_);
    MPI_Request_free(&request_);
  }
  MPI_Request* request() { return &request_; }

  void wait(Deadline deadline) override {
    while (!test()) {
      health_.check();
      if (deadline.expired()) throw TimeoutError(concat("timed out while ", verb_, " rank ", peer_));
      wait_for_any(std::array<Transfer*, 1>{this}, deadline);
    }
  }

  bool done() override try { return health_.failed() || test(); } catch (const std::exception&) {
    return true;  // wait() throws it again
  }
  std::size_t num_received() const override { return static_cast<std::size_t>(num_received_); }

 private:
  bool test() {
    int done = 0;
    MPI_Status status{};
    if (done_) return true;
    if (failure_) std::rethrow_exception(failure_);
    try {
      const int code = MPI_Test(&request_, &done, &status);
      if (code != MPI_SUCCESS) check(code, concat(verb_, " rank ", peer_));
      if (done != 0) check_length(status);
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
    done_ = done != 0;
    return done_;
  }
  void check_length(const MPI_Status& status) {
    MPI_Get_count(&status, MPI_BYTE, &num_received_);
    if (num_bytes_ != kUnchecked && num_received_ != num_bytes_)
      throw Error(concat("received ", num_received_, " bytes of rank ", peer_, " instead of ", num_bytes_));
  }

  const Health& health_;
  int peer_;
  const char* verb_;
  int num_bytes_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  bool done_ = false;
  int num_received_ = 0;
  std::exception_ptr failure_;
};

class MpiTransport final : public Transport {
 public:
  /// Takes ownership of `communicator`.
  MpiTransport(MPI_Comm communicator, const Health& health) : communicator_(communicator), health_(health) {
    MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &world_size_);
  }
  ~MpiTransport() override {
    if (!health_.failed()) MPI_Comm_free(&communicator_);
  }

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }

  std::unique_ptr<Transfer> send(int peer, Tag tag, std::span<const std::byte> bytes) override {
    return start_send(MPI_Isend, peer, tag, bytes);
  }
  std::unique_ptr<Transfer> sync_send(int peer, Tag tag, std::span<const std::byte> bytes) override {
    return start_send(MPI_Issend, peer, tag, bytes);
  }
  std::unique_ptr<Transfer> recv(int peer, Tag tag, std::span<std::byte> bytes) override {
    return receive(peer, tag, bytes, checked_length(bytes.size()));
  }
  std::unique_ptr<Transfer> recv_up_to(int peer, Tag tag, std::span<std::byte> bytes) override {
    return receive(peer, tag, bytes, MpiTransfer::kUnchecked);
  }
  std::unique_ptr<Transport> split(const std::vector<int>& ranks) override {
    if (std::find(ranks.begin(), ranks.end(), rank_) == ranks.end())
      throw UsageError("split: the calling rank is not among the ranks");
    MPI_Group all = MPI_GROUP_NULL;
    MPI_Group some = MPI_GROUP_NULL;
    MPI_Comm_group(communicator_, &all);
    MPI_Group_incl(all, static_cast<int>(ranks.size()), ranks.data(), &some);
    MPI_Comm result = MPI_COMM_NULL;
    const int code = MPI_Comm_create_group(communicator_, some, /*tag=*/0, &result);
    MPI_Group_free(&some);
    MPI_Group_free(&all);
    check(code, "splitting a communicator");
    return std::make_unique<MpiTransport>(result, health_);
  }

 private:
  std::unique_ptr<Transfer> start_send(decltype(MPI_Isend) mpi_send, int peer, Tag tag,
                                       std::span<const std::byte> bytes) {
    const int length = checked_length(bytes.size());
    auto transfer = std::make_unique<MpiTransfer>(health_, peer, "sending to", MpiTransfer::kUnchecked);
    const int code = mpi_send(bytes.data(), length, MPI_BYTE, peer, tag, communicator_, transfer->request());
    if (code != MPI_SUCCESS) check(code, concat("sending to rank ", peer));
    return transfer;
  }
  std::unique_ptr<Transfer> receive(int peer, Tag tag, std::span<std::byte> bytes, int expected_length) {
    const int room = checked_length(bytes.size());
    auto transfer = std::make_unique<MpiTransfer>(health_, peer, "receiving from", expected_length);
    const int code = MPI_Irecv(bytes.data(), room, MPI_BYTE, peer, tag, communicator_, transfer->request());
    if (code != MPI_SUCCESS) check(code, concat("receiving from rank ", peer));
    return transfer;
  }
  static int checked_length(std::size_t num_bytes) {
    if (num_bytes > static_cast<std::size_t>(std::numeric_limits<int>::max()))
      throw UsageError(concat("a message of ", num_bytes, " bytes is longer than MPI can send at once"));
    return static_cast<int>(num_bytes);
  }

  MPI_Comm communicator_;
  const Health& health_;
  int rank_ = 0;
  int world_size_ = 1;
};

}  // namespace

std::unique_ptr<Transport> make_mpi_transport(World& world) {
  MPI_Comm own = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &own), "duplicating the world communicator");
  return std::make_unique<MpiTransport>(own, world.health());
}

}  // namespace skein
