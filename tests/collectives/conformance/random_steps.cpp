#include "tests/collectives/conformance/random_steps.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "collectives/join_scope.h"
#include "collectives/objects.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/numeric_step.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

Deadline soon() {
  return Deadline::after(std::chrono::seconds(50));
}

/// One collective on numbers whose result is exact.
class ExactStep final : public Step {
 public:
  ExactStep(Team& team, Random& random)
      : team_(team),
        runner_(team.runners.take()),
        case_(random_case(random(), team.communicator.world_size(), Team::kMaxBytes)) {}
  void begin(bool asynchronous) override {
    const Request& request = runner_->prepare(case_);
    if (asynchronous)
      work_ = team_.communicator.start(request);
    else
      team_.communicator.run(request, soon());
  }
  testing::AssertionResult finish() override {
    if (work_.valid()) work_.wait(soon());
    return runner_->verify();
  }
  std::string describe() const override { return case_.describe(); }

 private:
  Team& team_;
  std::shared_ptr<CaseRunner> runner_;
  Case case_;
  Work work_;
};

/// Many small buffers of several types as one call.
class GroupStep final : public Step {
 public:
  GroupStep(Team& team, Random& random) : team_(team), num_ranks_(team.communicator.world_size()) {
    const auto num_buffers = below(random, 6);
    for (std::size_t i = 0; i < num_buffers; ++i) {
      const auto dtype = static_cast<DType>(below(random, kNumDTypes));
      memory_.emplace_back(1 + below(random, 3000));
      buffers_.push_back({memory_.back().data(), memory_.back().size() - 1, dtype});
    }
    op_ = std::vector{ReduceOp::kSum, ReduceOp::kMin, ReduceOp::kMax, ReduceOp::kProduct}[below(random, 4)];
  }
  void begin(bool) override {
    for (const Buffer& buffer : buffers_)
      contribution(buffer.dtype, op_, team_.communicator.rank(), num_ranks_).write(buffer);
    team_.communicator.allreduce(buffers_, op_, "group");
  }
  testing::AssertionResult finish() override {
    for (const Buffer& buffer : buffers_)
      if (auto right = reduction(buffer.dtype, op_, num_ranks_).found_in(buffer); !right) return right;
    return testing::AssertionSuccess();
  }
  std::string describe() const override {
    return concat("group of ", buffers_.size(), " buffers, ", reduce_op_name(op_));
  }

 private:
  Team& team_;
  int num_ranks_;
  std::vector<std::vector<double>> memory_;
  std::vector<Buffer> buffers_;
  ReduceOp op_;
};

/// Messages between some pairs, under way while other steps go on.
class MessageStep final : public Step {
 public:
  MessageStep(Team& team, Random& random) : team_(team) {
    const auto n = static_cast<std::size_t>(team.communicator.world_size());
    const std::size_t num_messages = n > 1 ? 1 + below(random, 4) : 0;
    for (std::size_t i = 0; i < num_messages; ++i) {
      Message message;
      message.from = static_cast<int>(below(random, n));
      message.to = static_cast<int>((message.from + 1 + below(random, n - 1)) % n);
      message.dtype = static_cast<DType>(below(random, kNumDTypes));
      message.values.resize(1 + below(random, below(random, 4) == 0 ? 40000 : 300));
      messages_.push_back(std::move(message));
    }
  }
  void begin(bool) override {
    Communicator& communicator = team_.communicator;
    for (Message& message : messages_) {
      if (message.from == communicator.rank()) {
        pattern(message).write(message.buffer());
        message.work = communicator.send_async(message.buffer(), message.to, "message");
      } else if (message.to == communicator.rank()) {
        message.work = communicator.recv_async(message.buffer(), message.from, "message");
      }
    }
  }
  testing::AssertionResult finish() override {
    for (Message& message : messages_) {
      if (!message.work.valid()) continue;
      message.work.wait(soon());
      if (auto right = pattern(message).found_in(message.buffer()); !right) return right;
    }
    return testing::AssertionSuccess();
  }
  std::string describe() const override {
    std::string text = "messages";
    for (const Message& message : messages_)
      text += concat(" ", message.from, "->", message.to, " ", dtype_name(message.dtype), " x ", message.values.size());
    return text;
  }

 private:
  struct Message {
    int from = 0;
    int to = 0;
    DType dtype = DType::kFloat32;
    std::vector<double> values;  // room for as many elements of any type
    Work work;
    Buffer buffer() { return {values.data(), values.size(), dtype}; }
  };
  const Pattern& pattern(const Message& message) const {
    return contribution(message.dtype, ReduceOp::kSum, message.from, team_.communicator.world_size());
  }
  Team& team_;
  std::vector<Message> messages_;
};

class ObjectStep final : public Step {
 public:
  ObjectStep(Team& team, Random& random)
      : team_(team), kind_(below(random, 3)), root_(static_cast<int>(below(random, team.communicator.world_size()))) {
    for (int rank = 0; rank < team.communicator.world_size(); ++rank)
      objects_.emplace_back(below(random, below(random, 3) * 10000 + 2), static_cast<char>('a' + rank));
  }
  void begin(bool) override {
    Communicator& communicator = team_.communicator;
    const std::string& mine = objects_[communicator.rank()];
    if (kind_ == 0)
      found_ = {broadcast_object(communicator, mine, root_)};
    else
      found_ = kind_ == 1 ? allgather_objects(communicator, mine) : gather_objects(communicator, mine, root_);
  }
  testing::AssertionResult finish() override {
    const bool gets_nothing = kind_ == 2 && team_.communicator.rank() != root_;
    const auto expected = kind_ == 0 ? std::vector{objects_[root_]} : gets_nothing ? std::vector<std::string>{} : objects_;
    return found_ == expected ? testing::AssertionSuccess() : testing::AssertionFailure() << "other objects";
  }
  std::string describe() const override {
    return concat(kind_ == 0 ? "broadcast" : kind_ == 1 ? "allgather" : "gather", " of objects, root ", root_);
  }

 private:
  Team& team_;
  std::size_t kind_;
  int root_;
  std::vector<std::string> objects_;
  std::vector<std::string> found_;
};

/// A few calls in a JoinScope, of which each rank makes as many as it has data.
class JoinStep final : public Step {
 public:
  JoinStep(Team& team, Random& random) : team_(team), runner_(team.runners.take()) {
    for (int rank = 0; rank < team.communicator.world_size(); ++rank)
      calls_.push_back(static_cast<int>(below(random, 4)));
    for (int call = 0; call < 4; ++call) seeds_.push_back(random());
  }
  void begin(bool asynchronous) override {
    Communicator& communicator = team_.communicator;
    JoinScope scope(communicator);
    for (int call = 0; call < calls_[communicator.rank()] && right_; ++call) {
      std::vector<int> active;
      for (int rank = 0; rank < communicator.world_size(); ++rank)
        if (calls_[rank] > call) active.push_back(rank);
      const Request& request =
          runner_->prepare(among(random_case(seeds_[call], communicator.world_size(), 60000), active));
      if (asynchronous)
        scope.start(request).wait(soon());
      else
        scope.run(request, soon());
      right_ = runner_->verify();
    }
    last_ = scope.join(std::chrono::seconds(50));
  }
  testing::AssertionResult finish() override {
    int expected = 0;
    for (std::size_t rank = 0; rank < calls_.size(); ++rank)
      if (calls_[rank] >= calls_[expected]) expected = static_cast<int>(rank);
    if (right_ && last_ != expected) return testing::AssertionFailure() << "rank " << last_ << " joined last";
    return right_;
  }
  std::string describe() const override {
    std::string text = "JoinScope with calls";
    for (const int num_calls : calls_) text += concat(" ", num_calls);
    return text;
  }

 private:
  Team& team_;
  std::shared_ptr<CaseRunner> runner_;
  std::vector<int> calls_;  // by rank
  std::vector<std::uint64_t> seeds_;
  testing::AssertionResult right_ = testing::AssertionSuccess();
  int last_ = 0;
};

}  // namespace

std::unique_ptr<Step> random_step(Team& team, std::uint64_t seed) {
  Random random(seed);
  switch (below(random, 16)) {
    case 0:
      return std::make_unique<GroupStep>(team, random);
    case 1:
    case 2:
      return std::make_unique<MessageStep>(team, random);
    case 3:
      return std::make_unique<ObjectStep>(team, random);
    case 4:
      return std::make_unique<JoinStep>(team, random);
    case 5:
    case 6:
    case 7:
    case 8:
      return make_numeric_step(team, random);
    default:
      return std::make_unique<ExactStep>(team, random);
  }
}

}  // namespace skein
