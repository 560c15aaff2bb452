#include "launcher/text_table.h"

#include <gtest/gtest.h>

namespace skein {
namespace {

TEST(TextTable, AlignsColumns) {
  EXPECT_EQ(text_table({{"A", "LONG", "C"}, {"aaa", "b", ""}, {"", "", "c"}}), "A    LONG  C\naaa  b\n           c\n");
  EXPECT_EQ(text_table({}), "");
}

TEST(TextTable, Durations) {
  EXPECT_EQ(duration_text(-3), "0 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(65), "1 min 05 s");
  EXPECT_EQ(duration_text(3725), "1 h 02 min");
  EXPECT_EQ(duration_text(90000), "1 d 01 h");
}

TEST(TextTable, Bytes) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(46.8e6), "44.6 MiB");
}

}  // namespace
}  // namespace skein
