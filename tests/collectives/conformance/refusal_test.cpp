// What must be refused, by the rank alone or by all together, and what the errors say.

#include <thread>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/collectives/conformance/pattern.h"
#include "tests/collectives/conformance/ranks.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

SKEIN_CONFORMANCE_SUITE(Refusal);

TEST_P(Refusal, OfWhatTheBackendCannotDoIsByName) {
  on_each_rank([](Communicator& communicator) {
    std::vector<double> values(communicator.world_size());
    for (DType dtype : all_dtypes()) {
      if (is_floating(dtype)) continue;
      const Buffer one{values.data(), 1, dtype};
      const Buffer all{values.data(), values.size(), dtype};
      const std::string average = concat("average of ", dtype_name(dtype));
      EXPECT_THROW_SAYING(communicator.allreduce(one, ReduceOp::kAverage), UsageError, "allreduce", average);
      EXPECT_THROW_SAYING(communicator.allreduce_async(one, ReduceOp::kAverage), UsageError, average);
      EXPECT_THROW_SAYING(communicator.reduce_scatter(all, one, ReduceOp::kAverage), UsageError, "reduce_scatter",
                          average);
    }
    communicator.barrier();  // a refused call is no call
  });
}

TEST_P(Refusal, OfBuffersThatMakeNoSense) {
  on_each_rank([](Communicator& communicator) {
    const auto n = static_cast<std::size_t>(communicator.world_size());
    std::vector<float> values(4 * n + 4);
    const auto floats = [&](std::size_t first, std::size_t count) {
      return Buffer{values.data() + first, count, DType::kFloat32};
    };
    Buffer on_gpu = floats(0, 1);
    on_gpu.device.kind = Device::Kind::kCuda;
    EXPECT_THROW_SAYING(communicator.allreduce(on_gpu), UsageError, "CPU memory only");
    EXPECT_THROW_SAYING(communicator.allreduce({nullptr, 3, DType::kFloat32}), UsageError, "null");
    Buffer crooked = floats(0, 2);
    crooked.data = reinterpret_cast<std::byte*>(crooked.data) + 2;
    EXPECT_THROW_SAYING(communicator.allreduce(crooked), UsageError, "aligned");

    EXPECT_THROW_SAYING(communicator.broadcast(floats(0, 1), -1), UsageError, "root -1");
    EXPECT_THROW_SAYING(communicator.broadcast(floats(0, 1), static_cast<int>(n)), UsageError, concat("root ", n));

    EXPECT_THROW_SAYING(communicator.allgather(floats(0, 2), floats(2, 2 * n + 1)), UsageError, "allgather", "hold");
    EXPECT_THROW_SAYING(communicator.reduce_scatter(floats(0, 2 * n + 1), floats(3 * n, 2)), UsageError,
                        "reduce_scatter");
    const Buffer half_words{values.data() + 3 * n, 2, DType::kFloat16};
    EXPECT_THROW_SAYING(communicator.allgather(half_words, floats(0, 2 * n)), UsageError, "dtype");

    EXPECT_THROW_SAYING(communicator.allgather(floats(1, 2), floats(0, 2 * n)), UsageError, "overlap");
    EXPECT_THROW_SAYING(communicator.reduce_scatter(floats(0, 2 * n), floats(1, 2)), UsageError, "overlap");
    if (n > 1) {
      const std::size_t anothers = (communicator.rank() + 1) % n;
      EXPECT_THROW_SAYING(communicator.allgather(floats(2 * anothers, 2), floats(0, 2 * n)), UsageError, "overlap");
    }
    communicator.barrier();
  });
}

TEST_P(Refusal, OfSplitsThatMakeNoSense) {
  on_each_rank([](Communicator& communicator) {
    const int n = communicator.world_size();
    const int me = communicator.rank();
    EXPECT_THROW_SAYING(communicator.split({}), UsageError, "split");
    EXPECT_THROW_SAYING(communicator.split({me, me}), UsageError, "split");
    EXPECT_THROW_SAYING(communicator.split({me, n}), UsageError, "split");
    EXPECT_THROW_SAYING(communicator.split({-1, me}), UsageError, "split");
    if (n > 1) {
      EXPECT_THROW_SAYING(communicator.split({(me + 1) % n}), UsageError, "split");
    }
    communicator.barrier();
  });
}

/// What two kinds of rank ask for, and how the difference must read.
struct Disagreement {
  const char* what;
  std::function<void(Communicator&, const Buffer&)> most;
  std::function<void(Communicator&, const Buffer&)> last;
  const char* most_says;
  const char* last_says;
};

const std::vector<Disagreement>& disagreements() {
  using C = Communicator;
  using B = Buffer;
  static const std::vector<Disagreement> all = {
      {"operation", [](C& c, const B& b) { c.allreduce(b); }, [](C& c, const B& b) { c.broadcast(b, 0); },
       "allreduce #1", "broadcast #1"},
      {"operation without data", [](C& c, const B&) { c.barrier(); }, [](C& c, const B& b) { c.allreduce(b); },
       "barrier #1", "allreduce #1"},
      {"dtype", [](C& c, const B& b) { c.allreduce(b); },
       [](C& c, B b) {
         c.allreduce({b.data, b.count, DType::kInt32});
       },
       "float32 x", "int32 x"},
      {"count", [](C& c, const B& b) { c.allreduce(b); },
       [](C& c, const B& b) {
         c.allreduce({b.data, b.count / 2, b.dtype});
       },
       "allreduce #1 float32 x", "float32 x"},
      {"count by much", [](C& c, const B& b) { c.allreduce(b); },
       [](C& c, const B& b) {
         c.allreduce({b.data, 1, b.dtype});
       },
       "allreduce #1", "float32 x 1,"},
      {"reduce op", [](C& c, const B& b) { c.allreduce(b, ReduceOp::kSum); },
       [](C& c, const B& b) { c.allreduce(b, ReduceOp::kMax); }, "sum", "max"},
      {"root", [](C& c, const B& b) { c.broadcast(b, 0); }, [](C& c, const B& b) { c.broadcast(b, 1); }, "root 0",
       "root 1"},
      {"name", [](C& c, const B& b) { c.allreduce(b, ReduceOp::kSum, "layer1.weight"); },
       [](C& c, const B& b) { c.allreduce(b, ReduceOp::kSum, "layer2.weight"); }, "'layer1.weight'", "'layer2.weight'"},
      {"asynchronous calls", [](C& c, const B& b) { c.allreduce_async(b, ReduceOp::kSum).wait(); },
       [](C& c, const B& b) { c.allreduce_async(b, ReduceOp::kMin).wait(); }, "sum", "min"},
  };
  return all;
}

/// The line that the error's text gives to a rank.
std::string line_of(const std::string& text, const Communicator& communicator, int rank) {
  const std::string start = concat("\n  ", communicator.topology().describe(rank), ": ");
  const std::size_t begin = text.find(start);
  return begin == std::string::npos ? "" : text.substr(begin + 1, text.find('\n', begin + 1) - begin - 1);
}

void check_disagreement(Communicator& communicator, const Disagreement& disagreement, const Buffer& buffer) {
  const int last = communicator.world_size() - 1;
  const auto& act = communicator.rank() == last ? disagreement.last : disagreement.most;
  try {
    act(communicator, buffer);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const MismatchError& error) {
    for (int rank = 0; rank <= last; ++rank) {
      const std::string line = line_of(error.what(), communicator, rank);
      const char* expected = rank == last ? disagreement.last_says : disagreement.most_says;
      EXPECT_NE(line.find(expected), std::string::npos)
          << "rank " << rank << "'s '" << expected << "' is missing in: " << error.what();
    }
    EXPECT_THROW_SAYING(communicator.barrier(), MismatchError, "disagree");  // the first failure sticks
    EXPECT_THROW(communicator.allreduce_async(buffer).wait(), MismatchError);
  }
}

TEST_P(Refusal, OfCallsOnWhichRanksDisagreeNamesThemAll) {
  for (const Disagreement& disagreement : disagreements())
    for (std::size_t count : {10, 100000})
      for (MemoryKind kind : kMemoryKinds) {
        if (count == 10 && kind != MemoryKind::kOrdinary) continue;  // small messages never look where they come from
        on_each_rank([&](Communicator& communicator) {
          if (communicator.world_size() == 1) return;
          SCOPED_TRACE(concat(disagreement.what, ", rank ", communicator.rank(), ", count ", count, ", ",
                              memory_kind_name(kind)));
          std::vector<int> all;
          for (int rank = 0; rank < communicator.world_size(); ++rank) all.push_back(rank);
          Workspace workspace(communicator, kind, count * sizeof(float));
          const auto fresh = communicator.split(all);  // its call #0
          check_disagreement(*fresh, disagreement, workspace.buffer(DType::kFloat32, count));
        });
      }
}

TEST_P(Refusal, ToWaitLongerThanTheDeadlineNamesTheMissingRankAndTheCall) {
  on_each_rank([](Communicator& communicator) {
    const int missing = communicator.world_size() - 1;
    if (communicator.rank() == missing) return;
    std::vector<float> values(10);
    const Buffer buffer{values.data(), values.size(), DType::kFloat32};
    const Request request{Operation::kAllreduce, buffer, buffer, ReduceOp::kSum, 0, "gradients"};
    const auto start = Clock::now();
    const auto act = [&] { communicator.run(request, Deadline::after(std::chrono::milliseconds(200))); };
    EXPECT_TRUE(throws_saying<TimeoutError>(act, {"allreduce #0 'gradients'", "rank "}));
    EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
    const auto& members = communicator.topology().members;
    if (members[communicator.rank()].host != members[missing].host) return;
    EXPECT_THROW_SAYING(communicator.barrier(), TimeoutError,
                        concat("missing ", communicator.topology().describe(missing)));
  });
}

TEST_P(Refusal, ToWaitLongerForAnAsynchronousCallNamesIt) {
  on_each_rank([](Communicator& communicator) {
    const int missing = communicator.world_size() - 1;
    std::vector<float> values(10);
    const Buffer buffer{values.data(), values.size(), DType::kFloat32};
    if (communicator.rank() == missing) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      return communicator.allreduce(buffer, ReduceOp::kSum, "gradients");
    }
    if (missing == 0) return;
    Work work = communicator.allreduce_async(buffer, ReduceOp::kSum, "gradients");
    EXPECT_THROW_SAYING(work.wait(Deadline::after(std::chrono::milliseconds(30))), TimeoutError,
                        "allreduce 'gradients'");
    EXPECT_FALSE(work.done());
    work.wait();  // it has only been waited for too briefly
    EXPECT_TRUE(work.done());
  });
}

TEST_P(Refusal, ToWaitLongerThanTheDeadlineAlsoBehindAsynchronousCalls) {
  on_each_rank([](Communicator& communicator) {
    const int missing = communicator.world_size() - 1;
    std::vector<float> first(10), second(10);
    const Buffer ahead{first.data(), first.size(), DType::kFloat32};
    const Buffer buffer{second.data(), second.size(), DType::kFloat32};
    if (communicator.rank() == missing) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      return communicator.allreduce(ahead);
    }
    if (missing == 0) return;
    communicator.allreduce_async(ahead);
    const Request request{Operation::kAllreduce, buffer, buffer, ReduceOp::kSum, 0, "gradients"};
    const auto act = [&] { communicator.run(request, Deadline::after(std::chrono::milliseconds(400))); };
    EXPECT_TRUE(throws_saying<TimeoutError>(act, {"allreduce #1 'gradients'", "rank "}));
  });
}

}  // namespace
}  // namespace skein
