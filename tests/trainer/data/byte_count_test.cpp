#include "trainer/data/byte_count.h"

#include <gtest/gtest.h>

namespace skein {
namespace {

TEST(ByteCount, Parses) {
  EXPECT_EQ(parse_byte_count("4096"), 4096u);
  EXPECT_EQ(parse_byte_count("500K"), 500u * 1024);
  EXPECT_EQ(parse_byte_count("64m"), 64u << 20);
  EXPECT_EQ(parse_byte_count("1.5G"), 3u << 29);
  EXPECT_EQ(parse_byte_count("2TiB"), uint64_t{2} << 40);
  EXPECT_EQ(parse_byte_count("12B"), 12u);
  EXPECT_EQ(parse_byte_count("8GB"), uint64_t{8} << 30);
  for (const char* text : {"", "G", "0", "-1", "1.2.3", "12 G", "5X", "5GG", "99999999T", "0.5", "nan"})
    EXPECT_FALSE(parse_byte_count(text)) << text;
}

TEST(ByteCount, Prints) {
  EXPECT_EQ(byte_text(0), "0 bytes");
  EXPECT_EQ(byte_text(1023), "1023 bytes");
  EXPECT_EQ(byte_text(1536), "1.5 KiB");
  EXPECT_EQ(byte_text(uint64_t{3} << 40), "3.0 TiB");
  EXPECT_EQ(byte_text(uint64_t{3} << 51), "6144.0 TiB");
}

}  // namespace
}  // namespace skein
