// The conformance suite with the processes of an MPI job as ranks. Its own main(): every rank runs the same
// tests, and a rank that leaves a test by an exception ends the job, since the others would wait for it.

#include <iostream>

#include "collectives/make_communicator.h"
#include "runtime/process/error.h"
#include "runtime/process/world.h"
#include "tests/collectives/conformance/ranks.h"

namespace skein {
namespace {

World* world_of_this_process = nullptr;  // gtest offers tests no other way to main()'s objects

/// What ranks other than 0 print.
class FailuresOnly : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed()) std::cerr << result << std::endl;
  }
};

}  // namespace

std::string Layout::name() const {
  return "Processes";
}
std::ostream& operator<<(std::ostream& out, const Layout& layout) {
  return out << layout.name();
}
std::vector<Layout> layouts() {
  return {Layout{}};
}

void on_each_rank(const Layout&, const std::function<void(Communicator&)>& body) {
  World& world = *world_of_this_process;
  try {
    const auto communicator = make_communicator(world);
    body(*communicator);
    if (testing::Test::HasFatalFailure()) throw Error("a test failed on this rank");
    make_communicator(world)->barrier("end of a test");
  } catch (const std::exception& error) {
    world.fail(error);
  }
}

}  // namespace skein

int main(int argc, char** argv) {
  skein::World world(argc, argv);
  skein::world_of_this_process = &world;
  testing::InitGoogleTest(&argc, argv);
  if (world.rank() != 0) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new skein::FailuresOnly);
  }
  return RUN_ALL_TESTS();
}
