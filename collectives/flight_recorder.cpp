#include "collectives/flight_recorder.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/trace/job_clock.h"

namespace skein {
namespace {

using Facts = RecordedCall::Facts;

Facts facts_of(const Call& call) {
  Facts facts{.sequence = call.sequence,
              .count = call.count,
              .scales = call.scales,
              .root = call.root,
              .operation = call.operation,
              .dtype = call.dtype,
              .reduce_op = call.reduce_op,
              .pairwise_counts = call.pairwise_counts};
  call.name.copy(facts.name.data(), facts.name.size() - 1);
  return facts;
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

nlohmann::json json_of(const RecordedCall& call, std::int64_t now_ns) {
  const Facts& facts = call.facts;
  nlohmann::json result{{"sequence", facts.sequence},
                        {"operation", operation_name(facts.operation)},
                        {"dtype", dtype_name(facts.dtype)},
                        {"count", facts.count},
                        {"reduce_op", reduce_op_name(facts.reduce_op)},
                        {"root", facts.root},
                        {"name", facts.name.data()},
                        {"text", call.describe()},
                        {"asked_ns", facts.asked_ns},
                        {"begun_ns", facts.begun_ns},
                        {"started_us_ago", (now_ns - facts.begun_ns) / 1000}};
  if (call.digest != 0) result["digest"] = hexadecimal(call.digest);
  if (call.met_ns != 0) result["met_ns"] = call.met_ns;
  if (call.finished_ns == 0) return result;
  result["finished_ns"] = call.finished_ns;
  result["duration_us"] = (call.finished_ns - facts.begun_ns) / 1000;
  return result;
}

}  // namespace

std::string RecordedCall::describe() const {
  Call call;
  call.sequence = facts.sequence;
  call.operation = facts.operation;
  call.dtype = facts.dtype;
  call.reduce_op = facts.reduce_op;
  call.root = facts.root;
  call.count = facts.count;
  call.scales = facts.scales;
  call.pairwise_counts = facts.pairwise_counts;
  call.name = facts.name.data();
  return call.describe();
}

// Every store releases what was stored before it, which costs nothing where stores stay in order (x86): a reader that
// sees a new word of an entry sees its odd version, too.

std::uint64_t FlightRecorder::started(const Call& call, Clock::time_point asked) {
  Facts facts = facts_of(call);
  facts.begun_ns = JobClock::steady_nanoseconds(Clock::now());
  facts.asked_ns = asked == Clock::time_point() ? facts.begun_ns : JobClock::steady_nanoseconds(asked);
  const auto words = std::bit_cast<std::array<std::uint64_t, kNumWords>>(facts);
  const std::uint64_t number = num_started_.load(std::memory_order_relaxed);
  Entry& entry = entries_[number % kNumEntries];
  entry.version.store(2 * number + 1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < kNumWords; ++i) entry.facts[i].store(words[i], std::memory_order_release);
  entry.digest.store(0, std::memory_order_release);
  entry.met_ns.store(0, std::memory_order_release);
  entry.finished_ns.store(0, std::memory_order_release);
  entry.version.store(2 * number + 2, std::memory_order_release);
  entry.traced = timeline_ ? trace(facts) : nullptr;
  current_ = &entry;
  begun_ns_ = facts.begun_ns;
  num_started_.store(number + 1, std::memory_order_release);
  return number;
}

void FlightRecorder::met() {
  met_at(JobClock::steady_nanoseconds(Clock::now()));
}

void FlightRecorder::finished(std::uint64_t number) {
  if (number + kNumEntries < num_started_.load(std::memory_order_relaxed)) return;  // its entry is another call's by now
  Entry& entry = entries_[number % kNumEntries];
  const std::int64_t now_ns = JobClock::steady_nanoseconds(Clock::now());
  entry.finished_ns.store(now_ns, std::memory_order_release);
  if (entry.traced != nullptr) entry.traced->finished_ns = now_ns;
}

void FlightRecorder::record_in(std::shared_ptr<TimelinePart> timeline, std::string communicator) {
  timeline_ = std::move(timeline);
  communicator_ = std::move(communicator);
}

TimelineRecord* FlightRecorder::trace(const Facts& facts) const {
  if (!timeline_->is_recording()) return nullptr;
  TimelineRecord record{};
  set_text(record.operation, operation_name(facts.operation));
  set_text(record.name, facts.name.data());
  set_text(record.communicator, communicator_);
  set_text(record.dtype, dtype_name(facts.dtype));
  record.sequence = facts.sequence;
  record.num_bytes = facts.count * dtype_bytes(facts.dtype);
  record.asked_ns = facts.asked_ns;
  record.begun_ns = facts.begun_ns;
  return timeline_->begin(record);
}

std::optional<RecordedCall> FlightRecorder::read(std::uint64_t number) const {
  const Entry& entry = entries_[number % kNumEntries];
  const std::uint64_t complete = 2 * number + 2;
  if (entry.version.load(std::memory_order_acquire) != complete) return std::nullopt;
  RecordedCall call;
  std::array<std::uint64_t, kNumWords> words{};
  for (std::size_t i = 0; i < kNumWords; ++i) words[i] = entry.facts[i].load(std::memory_order_acquire);
  call.facts = std::bit_cast<Facts>(words);
  call.digest = entry.digest.load(std::memory_order_acquire);
  call.met_ns = entry.met_ns.load(std::memory_order_acquire);
  call.finished_ns = entry.finished_ns.load(std::memory_order_acquire);
  if (entry.version.load(std::memory_order_relaxed) != complete) return std::nullopt;
  return call;
}

std::vector<RecordedCall> FlightRecorder::calls() const {
  std::vector<RecordedCall> calls;
  const std::uint64_t end = num_started();
  for (std::uint64_t number = end - std::min<std::uint64_t>(end, kNumEntries); number < end; ++number)
    if (const auto call = read(number)) calls.push_back(*call);
  return calls;
}

std::optional<RecordedCall> FlightRecorder::last() const {
  const std::uint64_t end = num_started();
  return end == 0 ? std::nullopt : read(end - 1);
}

nlohmann::json FlightRecorder::to_json() const {
  const std::int64_t now_ns = JobClock::steady_nanoseconds(Clock::now());
  nlohmann::json calls = nlohmann::json::array();
  for (const RecordedCall& call : this->calls()) calls.push_back(json_of(call, now_ns));
  return calls;
}

}  // namespace skein
