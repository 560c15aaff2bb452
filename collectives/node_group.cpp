#include "collectives/node_group.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <thread>

#include "runtime/process/error.h"
#include "runtime/process/futex.h"
#include "runtime/process/text.h"

namespace skein {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kLineBytes = 128;  // two cache lines: neighbours are prefetched in pairs
constexpr std::size_t kReportBytes = 512;
constexpr auto kReportPatience = 10s;  // how long a mismatch waits for the others' side of the story

cpu_set_t allowed_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  sched_getaffinity(0, sizeof cores, &cores);
  return cores;
}

/// How long to look for the others before sleeping: spinning, when every rank has a core to spin on; otherwise giving
/// the core away after each look, which lets the others arrive sooner than a sleep and a wake-up would.
constexpr auto kSpinTime = 20us;
constexpr auto kYieldTime = 200us;

bool has_reached(std::uint32_t progress, std::uint32_t target) {
  return static_cast<std::int32_t>(progress - target) >= 0;  // the counters wrap around
}

/// What each rank tells the first one of its host, and what that one answers.
struct Hello {
  std::int32_t slot;
  cpu_set_t cores;
};
struct Welcome {
  RegionHandle control;
  std::int32_t num_cores;  // that the ranks may use together
  std::array<std::int32_t, 1024> slots;
};

}  // namespace

struct alignas(kLineBytes) NodeGroup::Line {
  std::atomic<std::uint32_t> progress{0};
  std::atomic<std::uint32_t> num_sleepers{0};
  struct Arrival {
    std::uint64_t digest;
    Places places;
  };
  std::array<Arrival, 2> arrivals{};  // one cache line together with the counters
};

/// A rank's side of a mismatch, written only when there is one.
struct NodeGroup::Report {
  std::atomic<std::uint32_t> written{0};
  std::array<char, kReportBytes - sizeof(std::uint32_t)> text{};
};

// Layout of the control region: lines, reports, small areas, stages.

std::size_t NodeGroup::num_control_bytes() const {
  return ranks_.size() * (kLineBytes + kReportBytes + 2 * kSmallBytes) + num_stage_bytes_;
}

NodeGroup::Line& NodeGroup::line(int local_rank) const {
  return *std::launder(reinterpret_cast<Line*>(control_->data() + local_rank * kLineBytes));
}

NodeGroup::Report& NodeGroup::report(int local_rank) const {
  std::byte* reports = control_->data() + ranks_.size() * kLineBytes;
  return *std::launder(reinterpret_cast<Report*>(reports + local_rank * kReportBytes));
}

const std::byte* NodeGroup::small(int local_rank) const {
  const std::byte* areas = control_->data() + ranks_.size() * (kLineBytes + kReportBytes);
  return areas + (2 * local_rank + reached_ % 2) * kSmallBytes;
}

std::byte* NodeGroup::next_small() {
  std::byte* areas = control_->data() + ranks_.size() * (kLineBytes + kReportBytes);
  return areas + (2 * local_rank_ + (reached_ + 1) % 2) * kSmallBytes;
}

NodeGroup::NodeGroup(Transport& transport, const Topology& topology, Health& health, std::shared_ptr<Arena> arena)
    : ranks_(topology.ranks_of_host(topology.members.at(transport.rank()).host)),
      topology_(topology),
      health_(health),
      num_stage_bytes_(topology.num_hosts() > 1 ? 0 : Stages::num_bytes(local_size())) {
  local_rank_ = static_cast<int>(std::find(ranks_.begin(), ranks_.end(), transport.rank()) - ranks_.begin());
  if (!arena) arena = std::make_shared<Arena>(local_rank_, local_size());
  std::vector<int> slots = meet(transport, arena->slot());
  std::vector<std::string> names;
  for (const int rank : ranks_) names.push_back(topology_.describe(rank));
  memory_.emplace(std::move(arena), std::move(slots), names,
                  [&](const std::string& mine) { return exchange(mine, Deadline::after(kDefaultTimeout)); });
}

NodeGroup::~NodeGroup() = default;

void NodeGroup::make_control() {
  control_ = SharedRegion::create(num_control_bytes());
  control_->reserve(0, num_control_bytes());
  for (int local = 0; local < local_size(); ++local) {
    new (control_->data() + local * kLineBytes) Line;
    new (control_->data() + ranks_.size() * kLineBytes + local * kReportBytes) Report;
  }
}

/// The first rank of the host makes the control region; the others open it and say so before it goes on. Returns the
/// ranks' slots in the arena.
std::vector<int> NodeGroup::meet(Transport& transport, int slot) {
  constexpr Tag kTag = 0;
  const Deadline deadline = Deadline::after(kDefaultTimeout);
  if (local_size() > static_cast<int>(std::tuple_size_v<decltype(Welcome::slots)>))
    throw UsageError(concat(local_size(), " ranks on one host are more than Skein supports"));
  auto welcome = std::make_unique<Welcome>();
  const auto receive_any = [&](int local, auto& value) {
    receive_value(transport, ranks_[local], kTag, value, deadline);
  };
  const auto send_to = [&](int local, const auto& value) {
    send_value(transport, ranks_[local], kTag, value, deadline);
  };
  Hello hello{slot, allowed_cores()};
  if (local_rank_ != 0) {
    send_to(0, hello);
    receive_any(0, *welcome);
    control_ = open_region(welcome->control, num_control_bytes());
    send_to(0, hello);
  } else {
    make_control();
    welcome->control = handle_of(control_);
    welcome->slots[0] = hello.slot;
    cpu_set_t cores = hello.cores;
    for (int local = 1; local < local_size(); ++local) {
      receive_any(local, hello);
      welcome->slots[local] = hello.slot;
      CPU_OR(&cores, &cores, &hello.cores);
    }
    welcome->num_cores = CPU_COUNT(&cores);
    for (int local = 1; local < local_size(); ++local) send_to(local, *welcome);
    for (int local = 1; local < local_size(); ++local) receive_any(local, hello);
  }
  control_->prefault(0, num_control_bytes());
  stages_ = Stages(control_->data() + num_control_bytes() - num_stage_bytes_, local_size(), StageWriter::configured());
  core_for_each_ = welcome->num_cores >= local_size();
  return {welcome->slots.begin(), welcome->slots.begin() + local_size()};
}

void NodeGroup::begin(const Call& call, const Places& places, Deadline deadline) {
  gather(call, places, deadline);
  if (recorder_ != nullptr) waited_ ? recorder_->met() : recorder_->met_at_once();
  compare(call, deadline);
}

void NodeGroup::gather(const Call& call, const Places& places, Deadline deadline) {
  current_ = &call;
  const std::uint64_t digest = call.digest();
  line(local_rank_).arrivals[(reached_ + 1) % 2] = {digest, places};
  if (recorder_ != nullptr) recorder_->announced(digest);
  waited_ = false;
  publish();
  wait_for_all(deadline);
}

const NodeGroup::Places& NodeGroup::places(int local_rank) const {
  return line(local_rank).arrivals[reached_ % 2].places;
}

std::vector<std::uint64_t> NodeGroup::digests() const {
  std::vector<std::uint64_t> digests(local_size());
  for (int local = 0; local < local_size(); ++local) digests[local] = line(local).arrivals[reached_ % 2].digest;
  return digests;
}

void NodeGroup::sync(Deadline deadline) {
  publish();
  wait_for_all(deadline);
}

void NodeGroup::publish() {
  Line& own = line(local_rank_);
  own.progress.store(++reached_, std::memory_order_seq_cst);
  if (own.num_sleepers.load(std::memory_order_seq_cst) != 0) futex_wake_all(own.progress);
}

void NodeGroup::wait_for_all(Deadline deadline) {
  for (int local = 0; local < local_size(); ++local)
    if (local != local_rank_) wait_for(local, deadline);
}

bool NodeGroup::look_for(int local_rank) const {
  constexpr int kChecksPerClockRead = 64;
  const std::atomic<std::uint32_t>& progress = line(local_rank).progress;
  const auto limit = Clock::now() + (core_for_each_ ? kSpinTime : kYieldTime);
  do {
    for (int i = 0; core_for_each_ && i < kChecksPerClockRead; ++i) {
      if (has_reached(progress.load(std::memory_order_acquire), reached_)) return true;
      cpu_relax();
    }
    if (!core_for_each_) sched_yield();
    if (has_reached(progress.load(std::memory_order_acquire), reached_)) return true;
  } while (Clock::now() < limit);
  return false;
}

void NodeGroup::wait_for(int local_rank, Deadline deadline) {
  constexpr std::chrono::nanoseconds kLongestSleep = 50ms;  // then look at health and deadline
  if (has_reached(line(local_rank).progress.load(std::memory_order_acquire), reached_)) return;
  waited_ = true;
  if (look_for(local_rank)) return;
  Line& peer = line(local_rank);
  peer.num_sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (true) {
    const std::uint32_t progress = peer.progress.load(std::memory_order_seq_cst);
    if (has_reached(progress, reached_) || health_.failed() || deadline.expired()) break;
    futex_wait(peer.progress, progress, std::min<std::chrono::nanoseconds>(kLongestSleep, deadline.remaining()));
  }
  peer.num_sleepers.fetch_sub(1, std::memory_order_seq_cst);
  if (has_reached(peer.progress.load(std::memory_order_acquire), reached_)) return;
  health_.check();
  throw_timeout();
}

void NodeGroup::compare(const Call& call, Deadline deadline) {
  const std::uint64_t mine = line(local_rank_).arrivals[reached_ % 2].digest;
  for (int local = 0; local < local_size(); ++local)
    if (line(local).arrivals[reached_ % 2].digest != mine) throw_mismatch(call, deadline);
}

/// All ranks of the host come here together: when two digests differ, each rank sees one that differs from its own.
void NodeGroup::throw_mismatch(const Call& call, Deadline deadline) {
  Report& own = report(local_rank_);
  const std::size_t length = call.describe().copy(own.text.data(), own.text.size() - 1);
  own.text[length] = '\0';
  own.written.store(1, std::memory_order_release);
  const Deadline patience = Deadline::after(std::min<Clock::duration>(kReportPatience, deadline.remaining()));
  std::string message = "the ranks disagree about what to do next:";
  for (int local = 0; local < local_size(); ++local) {
    while (report(local).written.load(std::memory_order_acquire) == 0 && !patience.expired() && !health_.failed())
      std::this_thread::sleep_for(100us);
    const bool told = report(local).written.load(std::memory_order_acquire) != 0;
    message +=
        concat("\n  ", topology_.describe(ranks_[local]), ": ", told ? report(local).text.data() : "(did not say)");
  }
  throw MismatchError(message, "make every rank run the same program with the same options and the same model");
}

void NodeGroup::throw_timeout() const {
  std::string missing;
  std::string entered;
  for (int local = 0; local < local_size(); ++local) {
    const bool here = has_reached(line(local).progress.load(std::memory_order_acquire), reached_);
    std::string& list = here ? entered : missing;
    list += concat(list.empty() ? "" : ", ", topology_.describe(ranks_[local]));
  }
  throw TimeoutError(concat("timed out in ", current_ ? current_->describe() : "a collective", ": missing ", missing,
                            "; entered: ", entered),
                     "look at what the missing ranks are doing; raise the deadline if they are only slow");
}

std::vector<std::string> NodeGroup::exchange(const std::string& mine, Deadline deadline) {
  if (mine.size() > kSmallBytes) throw UsageError("exchange: message too long");
  std::memcpy(next_small(), mine.data(), mine.size());
  sync(deadline);
  std::vector<std::string> all;
  for (int local = 0; local < local_size(); ++local)
    all.emplace_back(reinterpret_cast<const char*>(small(local)), mine.size());
  return all;
}

}  // namespace skein
