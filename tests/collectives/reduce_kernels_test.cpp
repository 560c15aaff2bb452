// The kernels, for each instruction set of this machine, against arithmetic done one element at a time.

#include "collectives/reduce_kernels.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "runtime/process/text.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

/// Arrays of one length and type, at an odd place in memory, filled with numbers of every kind.
class Arrays {
 public:
  Arrays(DType dtype, std::size_t count, std::size_t num_arrays, std::size_t shift, std::mt19937_64& random)
      : dtype_(dtype), count_(count), shift_(shift) {
    for (std::size_t i = 0; i < num_arrays; ++i) {
      storage_.emplace_back((count + shift + 1) * dtype_bytes(dtype));
      for (std::byte& b : storage_.back()) b = static_cast<std::byte>(random());
      if (is_floating(dtype)) mix_in_specials(storage_.back(), random);
    }
  }
  std::byte* array(std::size_t i) { return storage_[i].data() + shift_ * dtype_bytes(dtype_); }
  std::vector<const void*> sources(std::size_t num_sources) {
    std::vector<const void*> result;
    for (std::size_t i = 0; i < num_sources; ++i) result.push_back(array(i));
    return result;
  }

 private:
  void mix_in_specials(std::vector<std::byte>& bytes, std::mt19937_64& random) {
    using Limits = std::numeric_limits<double>;
    const std::array<double, 14> specials{
        0.0,     -0.0,    1.0,   -1.0,   Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), 1e-8, 3e-8,
        65504.0, 65519.0, 1e-39, -1e-45, 3.3895e38};
    for (std::size_t i = 0; i < count_ + shift_; ++i) {
      const auto draw = random() % 4;
      if (draw == 0) store_element(dtype_, bytes.data(), i, specials[random() % specials.size()]);
      if (draw == 1) store_element(dtype_, bytes.data(), i, static_cast<double>(random() % 2000) / 7 - 150);
    }
  }
  DType dtype_;
  std::size_t count_;
  std::size_t shift_;
  std::vector<std::vector<std::byte>> storage_;
};

testing::AssertionResult same(const void* found, const std::vector<std::byte>& expected, std::size_t count, DType dtype,
                              ReduceOp op) {
  const auto i = first_difference(dtype, op, found, expected.data(), count);
  if (!i) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "element " << *i << " is " << load_element(dtype, found, *i) << " instead of "
                                     << load_element(dtype, expected.data(), *i);
}

class ReduceKernels : public testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { choose(GetParam()); }
  void TearDown() override { choose(0); }  // back to the best

 private:
  static void choose(std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

std::vector<std::int64_t> instruction_sets() {
  return hwy::SupportedAndGeneratedTargets();
}

INSTANTIATE_TEST_SUITE_P(All, ReduceKernels, testing::ValuesIn(instruction_sets()),
                         [](const auto& target) { return std::string(hwy::TargetName(target.param)); });

TEST_P(ReduceKernels, EveryTypeOperationLengthAndNumberOfSources) {
  std::mt19937_64 random(1);
  std::vector<std::size_t> counts{1000, 1024, 2049};
  for (std::size_t count = 0; count <= 70; ++count) counts.push_back(count);
  for (DType dtype : all_dtypes())
    for (ReduceOp op : reduce_ops_of(dtype))
      for (std::size_t count : counts) {
        const std::size_t num_sources = 1 + random() % 5;
        Arrays arrays(dtype, count, num_sources + 1, /*shift=*/random() % 16, random);
        const auto sources = arrays.sources(num_sources);
        Scales scales;
        if (op == ReduceOp::kAverage) scales.post = 1.0 / static_cast<double>(num_sources);
        if (is_floating(dtype) && count % 3 == 0) scales.pre = -0.3;
        const auto expected = reduce_arrays(sources, count, dtype, op, scales);
        void* const result = arrays.array(num_sources);
        reduce_buffers(std::array<void*, 1>{result}, sources, count, dtype, op, scales);
        ASSERT_TRUE(same(result, expected, count, dtype, op))
            << dtype_name(dtype) << " x " << count << ", " << reduce_op_name(op) << " of " << num_sources;
      }
}

TEST_P(ReduceKernels, StoresToEveryDestinationAndNothingBeside) {
  std::mt19937_64 random(2);
  for (DType dtype : all_dtypes())
    for (std::size_t count : {1, 15, 70, 1500}) {
      constexpr std::size_t kSources = 3;
      Arrays arrays(dtype, count, kSources, 1, random);
      const auto sources = arrays.sources(kSources);
      const auto expected = reduce_arrays(sources, count, dtype, ReduceOp::kSum, {});
      std::vector<void*> destinations;  // the sources themselves, as when reducing in place
      std::vector<std::vector<std::byte>> around;
      const std::size_t element = dtype_bytes(dtype);
      for (std::size_t i = 0; i < kSources; ++i) {
        destinations.push_back(arrays.array(i));
        around.emplace_back(arrays.array(i) - element, arrays.array(i) + (count + 1) * element);
      }
      reduce_buffers(destinations, sources, count, dtype, ReduceOp::kSum);
      for (std::size_t i = 0; i < kSources; ++i) {
        ASSERT_TRUE(same(destinations[i], expected, count, dtype, ReduceOp::kSum)) << dtype_name(dtype);
        ASSERT_EQ(std::memcmp(arrays.array(i) - element, around[i].data(), element), 0);
        ASSERT_EQ(std::memcmp(arrays.array(i) + count * element, around[i].data() + (count + 1) * element, element), 0);
      }
    }
}

std::vector<std::uint16_t> all_patterns() {
  std::vector<std::uint16_t> patterns(1 << 16);
  for (std::size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<std::uint16_t>(i);
  return patterns;
}

TEST_P(ReduceKernels, SixteenBitFloatsKeepEveryPattern) {
  const auto patterns = all_patterns();
  for (DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    std::vector<std::uint16_t> result(patterns.size());
    reduce_buffers(std::array<void*, 1>{result.data()}, std::array<const void*, 1>{patterns.data()}, patterns.size(),
                   dtype, ReduceOp::kSum);
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (std::isnan(load_element(dtype, patterns.data(), i)))
        ASSERT_TRUE(std::isnan(load_element(dtype, result.data(), i))) << dtype_name(dtype) << " pattern " << i;
      else
        ASSERT_EQ(result[i], i) << dtype_name(dtype);
    }
  }
}

TEST_P(ReduceKernels, SixteenBitFloatsRoundToNearestEven) {
  const auto patterns = all_patterns();
  // Products that lie between two numbers, just below, just above and, with the powers of two, exactly in the
  // middle.
  for (double scale :
       {1.0 / 3, 0.5, 0.25, 1.0 / 64, 1 + 1.0 / 256, 1 + 1.0 / 2048, 3.0, 1.5, 1e-4, 65536.0, 0.99999994})
    for (DType dtype : {DType::kFloat16, DType::kBFloat16}) {
      const std::array<const void*, 1> sources{patterns.data()};
      const auto expected = reduce_arrays(sources, patterns.size(), dtype, ReduceOp::kSum, {1.0, scale});
      std::vector<std::uint16_t> result(patterns.size());
      reduce_buffers(std::array<void*, 1>{result.data()}, sources, patterns.size(), dtype, ReduceOp::kSum,
                     {1.0, scale});
      ASSERT_TRUE(same(result.data(), expected, patterns.size(), dtype, ReduceOp::kSum))
          << dtype_name(dtype) << " times " << scale;
    }
}

TEST_P(ReduceKernels, SixteenBitFloatsAreAddedInFloat32) {
  // 2048 + 1 rounds to 2048 in float16; in float32 the ones add up first.
  for (DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    std::array<std::uint16_t, 5> values{};
    store_element(dtype, values.data(), 0, 2048);
    for (std::size_t i = 1; i < values.size(); ++i)
      store_element(dtype, values.data(), i, dtype == DType::kFloat16 ? 1 : 8);
    std::vector<const void*> sources;
    for (const std::uint16_t& value : values) sources.push_back(&value);
    std::uint16_t result = 0;
    reduce_buffers(std::array<void*, 1>{&result}, sources, 1, dtype, ReduceOp::kSum);
    EXPECT_EQ(load_element(dtype, &result, 0), dtype == DType::kFloat16 ? 2052 : 2080);
  }
}

TEST(ScalarReference, KnowsTheKnown) {
  EXPECT_EQ(to_float16_bits(1.0), 0x3c00);
  EXPECT_EQ(to_float16_bits(-2.0), 0xc000);
  EXPECT_EQ(to_float16_bits(65504.0), 0x7bff);
  EXPECT_EQ(to_float16_bits(65519.99), 0x7bff);
  EXPECT_EQ(to_float16_bits(65520.0), 0x7c00);
  EXPECT_EQ(to_float16_bits(std::ldexp(1.0, -24)), 0x0001);
  EXPECT_EQ(to_float16_bits(std::ldexp(1.0, -25)), 0x0000);
  EXPECT_EQ(to_float16_bits(std::ldexp(1023.5, -24)), 0x0400);
  EXPECT_EQ(to_float16_bits(1 + std::ldexp(1.0, -11)), 0x3c00);
  EXPECT_EQ(to_float16_bits(1 + std::ldexp(3.0, -11)), 0x3c02);
  EXPECT_EQ(to_bfloat16_bits(1.0), 0x3f80);
  EXPECT_EQ(to_bfloat16_bits(1 + std::ldexp(1.0, -8)), 0x3f80);
  EXPECT_EQ(to_bfloat16_bits(3.4e38), 0x7f80);
  for (int bits = 0; bits < 1 << 16; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    ASSERT_TRUE(std::isnan(from_float16_bits(pattern)) || to_float16_bits(from_float16_bits(pattern)) == bits);
    ASSERT_TRUE(std::isnan(from_bfloat16_bits(pattern)) || to_bfloat16_bits(from_bfloat16_bits(pattern)) == bits);
  }
}

}  // namespace
}  // namespace skein
