#pragma once
// What the tests of augmentation share.

#include <cstdlib>

#include "tests/trainer/data/data_test_support.h"
#include "trainer/data/augment/apply_plan.h"

namespace skein::testing {

/// By torchvision's name; a failure for one that does not exist.
inline AugmentOp op_of(const std::string& name) {
  for (int i = 0; i < kNumAugmentOps; ++i)
    if (op_name(static_cast<AugmentOp>(i)) == name) return static_cast<AugmentOp>(i);
  ADD_FAILURE() << "no operation " << name;
  return AugmentOp::kIdentity;
}

/// Decimal, or hexadecimal as Python writes it.
inline double number(const std::string& text) {
  return std::strtod(text.c_str(), nullptr);
}

}  // namespace skein::testing
