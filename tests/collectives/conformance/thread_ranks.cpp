#include <ostream>

#include "runtime/process/text.h"
#include "tests/collectives/conformance/ranks.h"
#include "tests/support/run_ranks.h"

namespace skein {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;  // ten times slower, and faults do not hide in the number of ranks
#else
constexpr bool kSanitized = false;
#endif

}  // namespace

std::string Layout::name() const {
  std::string text = "Hosts";
  for (int num_ranks : local_sizes) text += concat("_", num_ranks);
  return text;
}

std::ostream& operator<<(std::ostream& out, const Layout& layout) {
  return out << layout.name();
}

std::vector<Layout> layouts() {
  if (kSanitized) return {{{2}}, {{3}}, {{8}}, {{2, 2}}, {{2, 3, 2}}};
  return {{{1}}, {{2}}, {{3}}, {{4}}, {{5}}, {{7}}, {{8}}, {{2, 2}}, {{3, 1}}, {{1, 2}}, {{1, 1, 1, 1}}, {{2, 3, 2}}};
}

void on_each_rank(const Layout& layout, const std::function<void(Communicator&)>& body) {
  try {
    run_ranks(layout.local_sizes, body);
  } catch (const std::exception& error) {
    FAIL() << error.what();
  }
}

}  // namespace skein
