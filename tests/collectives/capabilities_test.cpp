// What each backend can do, as the documentation says it.

#include "collectives/capabilities.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "collectives/call.h"
#include "runtime/process/text.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

/// The types in a table's cell: "all", "none", "floating point", or all but a few.
std::string supported_dtypes(Backend backend, Operation operation, ReduceOp op) {
  std::string missing;
  bool any = false;
  bool only_floating = true;
  for (const DType dtype : all_dtypes()) {
    const bool supported = why_unsupported(backend, operation, dtype, op).empty();
    any |= supported;
    only_floating &= supported == is_floating(dtype);
    if (!supported) missing += concat(missing.empty() ? "" : ", ", dtype_name(dtype));
  }
  if (!any) return "none";
  if (missing.empty()) return "all";
  return only_floating ? "floating point" : "all but " + missing;
}

std::string row(Operation operation, ReduceOp op) {
  return concat("| ", operation_name(operation), " | ", reduces(operation) ? reduce_op_name(op) : "", " | ",
                supported_dtypes(Backend::kHost, operation, op), " | ",
                supported_dtypes(Backend::kNccl, operation, op), " |\n");
}

TEST(Capabilities, AreThoseOfTheDocumentation) {
  std::string table;
  for (int i = 0; i < kNumOperations; ++i) {
    const auto operation = static_cast<Operation>(i);
    if (operation == Operation::kBarrier) continue;
    for (int j = 0; j < (reduces(operation) ? kNumReduceOps : 1); ++j) table += row(operation, static_cast<ReduceOp>(j));
  }
  std::ifstream file(SKEIN_COLLECTIVES_PAGE);
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_NE(page.str().find(table), std::string::npos) << "docs/collectives.md lacks\n" << table;
}

}  // namespace
}  // namespace skein
