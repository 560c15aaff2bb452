#include "collectives/link_model.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <queue>
#include <stdexcept>
#include <unordered_map>

#include "collectives/segment_flow.h"

namespace skein {
namespace {

/// One segment on its way.
struct Message {
  int from;
  int to;
  std::size_t slot;  // of the sender
  double num_bytes;
  bool paced;         // its send is done only when its receive has begun
  std::size_t index;  // among those of this sender to this receiver
};

struct Event {
  enum class Kind {
    kLook,   // a rank may find something to do
    kLeave,  // a message is handed to its link
    kReach,  // its first byte is at the other host
    kArrive,
    kSent  // its memory is the sender's again
  };
  double time;
  std::size_t order;  // of events at the same time
  Kind kind;
  int subject;  // a rank or a message
  bool operator>(const Event& other) const { return std::pair(time, order) > std::pair(other.time, other.order); }
};

/// What has become of the messages from one rank to another.
struct Channel {
  std::size_t num_sent = 0;
  std::size_t num_expected = 0;  // receives that have begun
  std::size_t num_arrived = 0;
  std::vector<int> unexpected;  // paced messages that no receive has begun for
  double free = 0;              // within a host: until then it carries earlier ones
};

/// A rank's thread.
struct Worker {
  const std::vector<WorkPart>* parts = nullptr;
  std::size_t part = 0;
  std::unique_ptr<SegmentFlow> flow;
  double busy_until = 0;
  bool taking = false;  // combines the first segment received, until then
  std::array<bool, kInFlight> sent{};
  std::array<std::size_t, kInFlight> expected{};  // number in the channel of what a slot receives
  std::unordered_map<int, Channel> from;          // by sender
};

struct Port {
  double out_free = 0;
  double in_free = 0;
};

class LinkModel {
 public:
  LinkModel(const Workload& workload, std::span<const int> host_of, const LinkProfile& profile,
            std::size_t segment_bytes)
      : host_of_(host_of), profile_(profile), segment_bytes_(segment_bytes), workers_(workload.size()) {
    ports_.resize(host_of.empty() ? 0 : 1 + *std::max_element(host_of.begin(), host_of.end()));
    for (std::size_t rank = 0; rank < workload.size(); ++rank) {
      workers_[rank].parts = &workload[rank];
      begin_part(workers_[rank]);
      add(0, Event::Kind::kLook, static_cast<int>(rank));
    }
  }

  double run() {
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      handle(event);
    }
    for (const Worker& worker : workers_)
      if (worker.flow) throw std::logic_error("the ranks of a workload wait for each other");
    return end_;
  }

 private:
  void add(double time, Event::Kind kind, int subject) { events_.push({time, num_events_++, kind, subject}); }

  void begin_part(Worker& worker) const {
    worker.flow.reset();
    if (worker.part == worker.parts->size()) return;
    const WorkPart& part = (*worker.parts)[worker.part];
    worker.flow = std::make_unique<SegmentFlow>(
        part.schedule, std::max<std::size_t>(1, segment_bytes_ / part.element_bytes), part.separate, false);
  }

  void handle(const Event& event) {
    using Kind = Event::Kind;
    if (event.kind == Kind::kLook) return act(event.subject, event.time);
    Message& message = messages_[event.subject];
    if (event.kind == Kind::kLeave) return leave(event);
    if (event.kind == Kind::kArrive) return arrive(event);
    if (event.kind == Kind::kReach) {
      Port& port = ports_[host_of_[message.to]];
      port.in_free = std::max(event.time, port.in_free) + message.num_bytes * profile_.between_hosts.beta;
      return add(port.in_free, Kind::kArrive, event.subject);
    }
    workers_[message.from].sent[message.slot] = true;
    act(message.from, event.time);
  }

  const LinkCosts& costs(const Message& message) const {
    return host_of_[message.from] == host_of_[message.to] ? profile_.within_host : profile_.between_hosts;
  }
  /// What remains of alpha when both processors have done their part.
  static double latency(const LinkCosts& costs) { return std::max(0.0, costs.alpha - 2 * costs.overhead); }

  void leave(const Event& event) {
    const Message& message = messages_[event.subject];
    const LinkCosts& link = costs(message);
    const bool local = &link == &profile_.within_host;
    double& free = local ? workers_[message.to].from[message.from].free : ports_[host_of_[message.from]].out_free;
    const double start = std::max(event.time, free);
    free = start + message.num_bytes * link.beta;
    if (!message.paced) add(free, Event::Kind::kSent, event.subject);
    if (local)
      add(free + latency(link), Event::Kind::kArrive, event.subject);
    else
      add(start + latency(link), Event::Kind::kReach, event.subject);
  }

  void arrive(const Event& event) {
    const Message& message = messages_[event.subject];
    Channel& channel = workers_[message.to].from[message.from];
    ++channel.num_arrived;
    if (message.paced && message.index >= channel.num_expected)
      channel.unexpected.push_back(event.subject);
    else if (message.paced)
      acknowledge(event.subject, event.time);
    act(message.to, event.time);
  }
  void acknowledge(int message, double now) {
    add(now + latency(costs(messages_[message])), Event::Kind::kSent, message);
  }

  /// What the thread of `rank` does at `now`, up to the next thing that takes time.
  void act(int rank, double now) {
    Worker& worker = workers_[rank];
    if (now < worker.busy_until) return;  // another look will follow then
    if (worker.taking) worker.flow->receives().advance_done();
    worker.taking = false;
    while (worker.flow) {
      while (worker.flow->may_receive()) expect(worker, now);
      if (worker.flow->may_send()) return send(rank, now);
      if (end_send(worker)) continue;
      if (const auto cost = cost_of_arrived(worker)) {
        worker.taking = true;
        return be_busy(rank, now + *cost);
      }
      if (!worker.flow->all_done()) return;
      end_ = std::max(end_, now);
      ++worker.part;
      begin_part(worker);
    }
  }
  void be_busy(int rank, double until) {
    workers_[rank].busy_until = until;
    add(until, Event::Kind::kLook, rank);
  }

  void expect(Worker& worker, double now) {
    Direction& receives = worker.flow->receives();
    Channel& channel = worker.from[receives.step_of(receives.next()).recv_from];
    worker.expected[receives.next_slot()] = channel.num_expected++;
    receives.advance_next();
    if (channel.unexpected.empty() || messages_[channel.unexpected.front()].index >= channel.num_expected) return;
    acknowledge(channel.unexpected.front(), now);
    channel.unexpected.erase(channel.unexpected.begin());
  }

  void send(int rank, double now) {
    Worker& worker = workers_[rank];
    Direction& sends = worker.flow->sends();
    const int to = sends.step_of(sends.next()).send_to;
    Channel& channel = workers_[to].from[rank];
    const double num_bytes =
        static_cast<double>(sends.range_of(sends.next()).count * (*worker.parts)[worker.part].element_bytes);
    messages_.push_back(
        {rank, to, sends.next_slot(), num_bytes, worker.flow->next_send_is_paced(), channel.num_sent++});
    worker.sent[sends.next_slot()] = false;
    const double handed_over = now + costs(messages_.back()).overhead;
    sends.advance_next();
    add(handed_over, Event::Kind::kLeave, static_cast<int>(messages_.size()) - 1);
    be_busy(rank, handed_over);
  }

  static bool end_send(Worker& worker) {
    Direction& sends = worker.flow->sends();
    if (sends.num_under_way() == 0 || !worker.sent[sends.first_slot()]) return false;
    sends.advance_done();
    return true;
  }

  /// Processor time for the first segment under way, if it is here and may be put where it belongs.
  std::optional<double> cost_of_arrived(Worker& worker) const {
    Direction& receives = worker.flow->receives();
    if (receives.num_under_way() == 0 || !worker.flow->may_take_first()) return std::nullopt;
    const Step& step = receives.step_of(receives.done());
    if (worker.from[step.recv_from].num_arrived <= worker.expected[receives.first_slot()]) return std::nullopt;
    const int rank = static_cast<int>(&worker - workers_.data());
    const bool local = host_of_[step.recv_from] == host_of_[rank];
    const double overhead = (local ? profile_.within_host : profile_.between_hosts).overhead;
    if (!step.reduce) return overhead;
    const std::size_t num_bytes = receives.range_of(receives.done()).count * (*worker.parts)[worker.part].element_bytes;
    return overhead + static_cast<double>(num_bytes) * profile_.reduce_byte_seconds;
  }

  std::span<const int> host_of_;
  const LinkProfile& profile_;
  std::size_t segment_bytes_;
  std::vector<Worker> workers_;
  std::vector<Port> ports_;
  std::vector<Message> messages_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::size_t num_events_ = 0;
  double end_ = 0;
};

}  // namespace

double predict_seconds(const Workload& workload, std::span<const int> host_of, const LinkProfile& profile,
                       std::size_t segment_bytes) {
  return LinkModel(workload, host_of, profile, segment_bytes).run();
}

}  // namespace skein
