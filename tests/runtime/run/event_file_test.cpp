#include "runtime/run/event_file.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "runtime/process/error.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

/// A reader of its own, from the format's description: records, then protobuf fields.
class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  bool at_end() const { return position_ == bytes_.size(); }
  template <class T>
  T number() {
    T value;
    EXPECT_LE(position_ + sizeof(T), bytes_.size());
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }
  std::string text(std::size_t length) {
    EXPECT_LE(position_ + length, bytes_.size());
    position_ += length;
    return bytes_.substr(position_ - length, length);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(text(1)[0]);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

std::uint32_t unmasked(std::uint32_t masked) {
  return std::rotl(masked - 0xa282ead8u, 15);
}

std::string read_record(Reader& file) {
  const std::string length = file.text(8);
  EXPECT_EQ(unmasked(file.number<std::uint32_t>()), crc32c(length));
  std::uint64_t num_bytes = 0;
  std::memcpy(&num_bytes, length.data(), 8);
  std::string data = file.text(num_bytes);
  EXPECT_EQ(unmasked(file.number<std::uint32_t>()), crc32c(data));
  return data;
}

struct Scalar {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string version, tag;
  float value = 0;
};

void read_value(const std::string& bytes, Scalar& scalar) {
  for (Reader in(bytes); !in.at_end();) {
    const auto key = in.varint();
    if (key == (1 << 3 | 2))
      scalar.tag = in.text(in.varint());
    else if (key == (2 << 3 | 5))
      scalar.value = in.number<float>();
    else
      FAIL() << "unexpected key " << key;
  }
}

Scalar read_event(const std::string& bytes) {
  Scalar scalar;
  for (Reader in(bytes); !in.at_end();) {
    const auto key = in.varint();
    if (key == (1 << 3 | 1))
      scalar.wall_time = in.number<double>();
    else if (key == (2 << 3))
      scalar.step = static_cast<std::int64_t>(in.varint());
    else if (key == (3 << 3 | 2))
      scalar.version = in.text(in.varint());
    else if (key == (5 << 3 | 2)) {
      Reader summary(in.text(in.varint()));
      EXPECT_EQ(summary.varint(), 1u << 3 | 2u);
      read_value(summary.text(summary.varint()), scalar);
    } else
      ADD_FAILURE() << "unexpected key " << key;
  }
  return scalar;
}

class EventFileTest : public DirectoryTest {};

TEST_F(EventFileTest, Crc32cOfThePublishedVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720
  EXPECT_EQ(crc32c(""), 0u);
}

TEST_F(EventFileTest, ScalarsReadBack) {
  EventFile events(directory_);
  events.add_summary(scalar_summary("val/accuracy", 0.75), 3, 1767225600.5);
  events.add_summary(scalar_summary("a very long tag " + std::string(200, 'x'), -1e-5), std::int64_t{1} << 40, 1);
  EXPECT_TRUE(events.path().filename().string().starts_with("events.out.tfevents."));

  Reader file(file_contents(events.path()));
  EXPECT_EQ(read_event(read_record(file)).version, "brain.Event:2");
  const Scalar first = read_event(read_record(file));
  EXPECT_EQ(first.tag, "val/accuracy");
  EXPECT_EQ(first.value, 0.75f);
  EXPECT_EQ(first.step, 3);
  EXPECT_EQ(first.wall_time, 1767225600.5);
  const Scalar second = read_event(read_record(file));
  EXPECT_EQ(second.tag.size(), 216u);
  EXPECT_EQ(second.step, std::int64_t{1} << 40);
  EXPECT_TRUE(file.at_end());
}

TEST_F(EventFileTest, TwoFilesOfOneSecondAreTwo) {
  EventFile one(directory_), two(directory_);
  EXPECT_NE(one.path(), two.path());
}

}  // namespace
}  // namespace skein
