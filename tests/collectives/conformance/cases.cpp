#include "tests/collectives/conformance/cases.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "runtime/process/text.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

template <class T>
T one_of(Random& random, const std::vector<T>& values) {
  return values[below(random, values.size())];
}

/// Few elements mostly, as many as fit sometimes.
std::size_t random_count(Random& random, std::size_t most) {
  const std::size_t kinds[] = {3, 40, 1000, 20000, most};
  return std::min(most, below(random, 1 + kinds[below(random, std::size(kinds))]));
}

bool has_blocks(Operation operation) {
  return operation == Operation::kReduceScatter || operation == Operation::kAllgather ||
         operation == Operation::kGather || operation == Operation::kScatter || operation == Operation::kAlltoall;
}

std::size_t sum(std::span<const std::size_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

}  // namespace

std::string Case::describe() const {
  std::string text =
      concat(operation_name(operation), " ", dtype_name(dtype), " ", reduce_op_name(op), " root ", root, " scales ",
             scales.pre, " ", scales.post, " wire ", dtype_name(wire.value_or(dtype)), ragged ? " ragged" : "", in_place ? " in place" : "", " arena ", std::hex,
             in_arena, std::dec, " shift ", shift, " counts");
  for (const std::size_t count : counts) text += concat(" ", count);
  for (const int rank : active) text += concat(rank == active[0] ? " active " : " ", rank);
  return text;
}

std::size_t num_counts(Operation operation, int world_size) {
  if (operation == Operation::kAlltoall) return static_cast<std::size_t>(world_size) * world_size;
  return has_blocks(operation) ? world_size : 1;
}

/// An average of any other number of ranks is rounded where it travels in 16 bits.
bool is_exact_in_16_bits(ReduceOp op, std::size_t num_ranks) {
  return op != ReduceOp::kAverage || std::has_single_bit(num_ranks);
}

Case among(Case the_case, const std::vector<int>& active) {
  the_case.active = active;
  the_case.root = active[the_case.root % active.size()];
  if (!is_exact_in_16_bits(the_case.op, active.size())) the_case.wire.reset();
  return the_case;
}

Case random_case(std::uint64_t seed, int world_size, std::size_t max_bytes) {
  Random random(seed);
  const auto n = static_cast<std::size_t>(world_size);
  Case made;
  made.operation = static_cast<Operation>(below(random, kNumOperations));
  made.dtype = one_of(random, all_dtypes());
  made.op = one_of(random, reduce_ops_of(made.dtype));
  made.root = static_cast<int>(below(random, n));
  if (reduces(made.operation) && is_floating(made.dtype) && below(random, 3) == 0) made.scales = {0.5, 4.0};
  const bool may_travel_in_16 = made.operation == Operation::kAllreduce || made.operation == Operation::kReduce;
  if (may_travel_in_16 && is_exact_in_16_bits(made.op, n) && made.dtype == DType::kFloat32 && below(random, 2) == 0)
    made.wire = one_of<DType>(random, {DType::kFloat16, DType::kBFloat16});
  made.ragged = has_blocks(made.operation) && below(random, 2) == 0;
  made.in_place = made.operation != Operation::kAlltoall && below(random, 2) == 0;
  made.in_arena = one_of<std::uint64_t>(random, {0, ~std::uint64_t{0}, random()});
  made.shift = below(random, 3);
  const std::size_t most = max_bytes / dtype_bytes(made.dtype) - made.shift;
  const std::size_t most_a_block = has_blocks(made.operation) ? most / n : most;
  made.counts.assign(num_counts(made.operation, world_size), random_count(random, most_a_block));
  for (std::size_t i = 0; made.ragged && i < made.counts.size(); ++i)
    made.counts[i] = random_count(random, most_a_block);
  return made;
}

/// Memory in the arena and ordinary memory for one buffer, with marks on both sides of it.
class CaseRunner::Memory {
 public:
  Memory(Communicator& communicator, std::size_t max_bytes)
      : arena_(communicator.allocate(max_bytes + 2 * kMarkBytes)), ordinary_(max_bytes + 2 * kMarkBytes) {}

  void* place(bool in_arena, DType dtype, std::size_t count, std::size_t shift) {
    std::byte* const start = in_arena ? arena_.data.get() : ordinary_.data();
    data_ = start + kMarkBytes + shift * dtype_bytes(dtype);
    end_ = data_ + count * dtype_bytes(dtype);
    std::fill_n(data_ - kMarkBytes, kMarkBytes, kMark);
    std::fill(data_, end_ + kMarkBytes, kMark);
    return data_;
  }
  bool marks_intact() const {
    const auto is_mark = [](std::byte b) { return b == kMark; };
    return std::all_of(data_ - kMarkBytes, data_, is_mark) && std::all_of(end_, end_ + kMarkBytes, is_mark);
  }

 private:
  static constexpr std::size_t kMarkBytes = 64;
  static constexpr std::byte kMark{0x5a};
  SharedMemory arena_;
  std::vector<std::byte> ordinary_;
  std::byte* data_ = nullptr;
  std::byte* end_ = nullptr;
};

CaseRunner::CaseRunner(Communicator& communicator, std::size_t max_bytes)
    : communicator_(communicator),
      input_memory_(std::make_unique<Memory>(communicator, max_bytes)),
      output_memory_(std::make_unique<Memory>(communicator, max_bytes)) {}
CaseRunner::~CaseRunner() = default;

std::size_t CaseRunner::count_for(int rank) const {
  return case_.counts[has_blocks(case_.operation) ? rank : 0];
}
std::size_t CaseRunner::total() const {
  return sum(case_.counts);
}
std::size_t CaseRunner::before(int rank) const {
  return sum(std::span(case_.counts).first(rank));
}
std::size_t CaseRunner::pair(int from, int to) const {
  return case_.counts[from * communicator_.world_size() + to];
}

int CaseRunner::num_active() const {
  return case_.active.empty() ? communicator_.world_size() : static_cast<int>(case_.active.size());
}
bool CaseRunner::is_active(int rank) const {
  return case_.active.empty() || std::binary_search(case_.active.begin(), case_.active.end(), rank);
}
/// What an active rank contributes: what the rank at its position would in a group of these alone.
const Pattern& CaseRunner::given_by(int rank) const {
  const auto position = std::lower_bound(case_.active.begin(), case_.active.end(), rank) - case_.active.begin();
  return contribution(case_.dtype, case_.op, case_.active.empty() ? rank : static_cast<int>(position), num_active());
}

Buffer CaseRunner::input_buffer() const {
  const int me = communicator_.rank();
  std::size_t count = 0;
  switch (case_.operation) {
    case Operation::kAllreduce:
    case Operation::kReduce:
    case Operation::kReduceScatter:
      count = total();
      break;
    case Operation::kAllgather:
    case Operation::kGather:
      count = count_for(me);
      break;
    case Operation::kBroadcast:
    case Operation::kScatter:
      count = me == case_.root ? total() : 0;
      break;
    case Operation::kAlltoall:
      count = sum(send_counts_);
      break;
    case Operation::kBarrier:
      break;
  }
  return {nullptr, count, case_.dtype};
}

Buffer CaseRunner::output_buffer(const Buffer& input) const {
  const int me = communicator_.rank();
  Buffer output = input;
  output.count = 0;
  switch (case_.operation) {
    case Operation::kAllreduce:
    case Operation::kBroadcast:
    case Operation::kAllgather:
      output.count = total();
      break;
    case Operation::kReduce:
    case Operation::kGather:
      output.count = me == case_.root ? total() : 0;
      break;
    case Operation::kReduceScatter:
    case Operation::kScatter:
      output.count = count_for(me);
      break;
    case Operation::kAlltoall:
      output.count = sum(recv_counts_);
      break;
    case Operation::kBarrier:
      break;
  }
  return output;
}

const Request& CaseRunner::prepare(const Case& the_case) {
  case_ = the_case;
  const int me = communicator_.rank();
  send_counts_.clear();
  recv_counts_.clear();
  for (int other = 0; case_.operation == Operation::kAlltoall && other < communicator_.world_size(); ++other) {
    send_counts_.push_back(pair(me, other));
    recv_counts_.push_back(pair(other, me));
  }
  Buffer input = input_buffer();
  Buffer output = output_buffer(input);
  const bool input_in_arena = (case_.in_arena >> me & 1) != 0;
  const bool output_in_arena = (case_.in_arena >> (32 + me) & 1) != 0;
  input.data = input_memory_->place(input_in_arena, case_.dtype, input.count, case_.shift);
  output.data = output_memory_->place(output_in_arena, case_.dtype, output.count, case_.shift);
  if (case_.in_place && input.count != 0 && output.count != 0) {
    const std::size_t offset = has_blocks(case_.operation) ? before(me) * dtype_bytes(case_.dtype) : 0;
    if (output.count >= input.count)
      input.data = static_cast<std::byte*>(output.data) + offset;
    else
      output.data = static_cast<std::byte*>(input.data) + offset;
  }
  request_ = {.operation = case_.operation,
              .input = input,
              .output = output,
              .reduce_op = case_.op,
              .root = case_.root,
              .name = "case",
              .scales = case_.scales,
              .wire_dtype = case_.wire};
  if (case_.ragged && case_.operation != Operation::kAlltoall) request_.block_counts = case_.counts;
  if (case_.ragged && case_.operation == Operation::kAlltoall) {
    request_.block_counts = send_counts_;
    request_.recv_counts = recv_counts_;
  }
  given_by(me).write(input);
  return request_;
}

testing::AssertionResult CaseRunner::verify() const {
  const auto failed = [&](const std::string& what) {
    return testing::AssertionFailure() << "rank " << communicator_.rank() << ": " << what << ": " << case_.describe();
  };
  if (!input_memory_->marks_intact() || !output_memory_->marks_intact()) return failed("written beside a buffer");
  if (const auto right = output_right(); !right) return failed(right.message());
  if (const auto unchanged = input_unchanged(); !unchanged) return failed(concat("input: ", unchanged.message()));
  return testing::AssertionSuccess();
}

testing::AssertionResult CaseRunner::input_unchanged() const {
  const auto* input = static_cast<const std::byte*>(request_.input.data);
  const auto* output = static_cast<const std::byte*>(request_.output.data);
  const bool apart = input + request_.input.num_bytes() <= output || output + request_.output.num_bytes() <= input;
  if (!apart) return testing::AssertionSuccess();
  return given_by(communicator_.rank()).found_in(request_.input);
}

testing::AssertionResult CaseRunner::output_right() const {
  const int me = communicator_.rank();
  const Buffer& output = request_.output;
  if (reduces(case_.operation)) {
    const std::size_t first = case_.operation == Operation::kReduceScatter ? before(me) : 0;
    return reduction(case_.dtype, case_.op, num_active(), case_.scales).found_in(output, first);
  }
  if (case_.operation == Operation::kBroadcast) return given_by(case_.root).found_in(output);
  if (case_.operation == Operation::kScatter) return given_by(case_.root).found_in(output, before(me));
  if (output.count == 0) return testing::AssertionSuccess();  // also of gather on other ranks
  return blocks_right();
}

testing::AssertionResult CaseRunner::blocks_right() const {
  static const Pattern& zeros = *new Pattern(DType::kUInt8, [](std::size_t) { return 0; });
  const int me = communicator_.rank();
  const bool addressed = case_.operation == Operation::kAlltoall;
  auto* data = static_cast<std::byte*>(request_.output.data);
  for (int from = 0; from < communicator_.world_size(); ++from) {
    const Buffer block{data, addressed ? pair(from, me) : count_for(from), case_.dtype};
    std::size_t first = 0;
    for (int other = 0; addressed && other < me; ++other) first += pair(from, other);
    auto found = is_active(from) ? given_by(from).found_in(block, first)
                                 : zeros.found_in({data, block.num_bytes(), DType::kUInt8});
    if (!found) return found << " in the block of rank " << from;
    data += block.num_bytes();
  }
  return testing::AssertionSuccess();
}

}  // namespace skein
