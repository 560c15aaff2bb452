#pragma once
// Where the conformance suite gets its ranks: threads (thread_ranks.cpp) or the processes of an MPI job
// (process_ranks.cpp). The suite is compiled once for each.

#include <gtest/gtest.h>

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "collectives/communicator.h"

namespace skein {

/// Ranks on each host. Empty: whatever the processes of this job are.
struct Layout {
  std::vector<int> local_sizes;
  std::string name() const;
};
std::ostream& operator<<(std::ostream& out, const Layout& layout);

/// The layouts that every test of the suite runs on.
std::vector<Layout> layouts();

/// Runs `body` on every rank with a fresh communicator of all of them. Fails the test when a rank throws.
void on_each_rank(const Layout& layout, const std::function<void(Communicator&)>& body);

/// A test of the suite: one that every Communicator on CPU memory must pass.
class Conformance : public testing::TestWithParam<Layout> {
 protected:
  void on_each_rank(const std::function<void(Communicator&)>& body) { skein::on_each_rank(GetParam(), body); }
};

inline std::string layout_name(const testing::TestParamInfo<Layout>& info) {
  return info.param.name();
}

}  // namespace skein

#define SKEIN_CONFORMANCE_SUITE(Name) \
  class Name : public Conformance {}; \
  INSTANTIATE_TEST_SUITE_P(All, Name, testing::ValuesIn(layouts()), layout_name)
