#include "trainer/data/ordered_work.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace skein {
namespace {

TEST(OrderedWork, ResultsComeInOrder) {
  for (const size_t workers : {1u, 2u, 7u}) {
    std::vector<size_t> seen;
    OrderedWork<size_t>::run(
        100, workers,
        [](size_t index, size_t, size_t& result) {
          if (index % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
          result = index * index;
        },
        [&](size_t index, size_t& result) {
          EXPECT_EQ(result, index * index);
          seen.push_back(index);
        });
    ASSERT_EQ(seen.size(), 100u);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  }
}

TEST(OrderedWork, FewResultsWait) {
  std::atomic<size_t> num_produced{0};
  OrderedWork<int>::run(
      60, 3, [&](size_t, size_t, int&) { ++num_produced; },
      [&](size_t index, int&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_LE(num_produced.load(), index + 2 * 3);
      });
  EXPECT_EQ(num_produced.load(), 60u);
}

TEST(OrderedWork, WorkersHaveNumbersOfTheirOwn) {
  std::array<std::atomic<int>, 4> busy{};
  OrderedWork<int>::run(
      200, 4,
      [&](size_t, size_t worker, int&) {
        EXPECT_EQ(busy.at(worker)++, 0);
        std::this_thread::yield();
        --busy.at(worker);
      },
      [](size_t, int&) {});
}

TEST(OrderedWork, TheFirstErrorInOrderIsThrown) {
  std::vector<size_t> consumed;
  const auto run = [&] {
    OrderedWork<int>::run(
        50, 4,
        [](size_t index, size_t, int&) {
          if (index == 7) std::this_thread::sleep_for(std::chrono::milliseconds(20));
          if (index >= 7) throw std::runtime_error(std::to_string(index));
        },
        [&](size_t index, int&) { consumed.push_back(index); });
  };
  try {
    run();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "7");
  }
  EXPECT_EQ(consumed.size(), 7u);
}

TEST(OrderedWork, AnErrorOfTheConsumerEndsIt) {
  EXPECT_THROW(OrderedWork<int>::run(
                   1000, 4, [](size_t, size_t, int&) {},
                   [](size_t index, int&) {
                     if (index == 3) throw std::runtime_error("full");
                   }),
               std::runtime_error);
  OrderedWork<int>::run(0, 4, [](size_t, size_t, int&) { FAIL(); }, [](size_t, int&) { FAIL(); });
}

}  // namespace
}  // namespace skein
