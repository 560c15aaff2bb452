#include "trainer/weights/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/trainer/weights/file_builders.h"
#include "tests/trainer/weights/python.h"

namespace skein::test {
namespace {

using enum ElementType;

const std::vector<ElementType> kAllTypes = {kFloat64, kFloat32, kFloat16, kBFloat16, kInt64,
                                            kInt32,   kInt16,   kInt8,    kUInt8,    kBool};

TensorRecord record(const std::string& name, ElementType type, std::vector<int64_t> shape, const std::string& bytes) {
  TensorRecord tensor{.name = name, .type = type, .shape = std::move(shape)};
  tensor.strides = row_major_strides(tensor.shape).value();
  tensor.bytes = std::as_bytes(std::span(bytes));
  return tensor;
}

std::string bytes_of(const TensorRecord& tensor) {
  return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
}

/// What reading these bytes complains about; empty when it does not.
std::string complaint_about(const std::string& contents) {
  const std::vector<char> exact(contents.begin(), contents.end());  // asan sees one byte too far
  try {
    read_weight_file("f", std::as_bytes(std::span(exact)));
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

/// The same for a file.
std::string complaint(const std::string& path) {
  try {
    open_weight_file(path);
    return "";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    return error.what();
  }
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, int begin, int end) {
  return concat("\"", name, "\":{\"dtype\":\"", dtype, "\",\"shape\":", shape, ",\"data_offsets\":[", begin, ",", end,
                "]}");
}

TEST(Safetensors, GivesBackEveryTypeScalarsAndEmptyTensors) {
  const TemporaryFolder folder;
  const std::string data = "0123456789abcdef0123456789ABCDEF0123456789abcdef";
  std::vector<std::string> contents;
  for (const ElementType type : kAllTypes) contents.push_back(data.substr(0, 6 * element_bytes(type)));
  const std::string scalar = data.substr(0, 4);
  std::vector<TensorRecord> tensors;
  for (size_t i = 0; i < kAllTypes.size(); ++i) {
    tensors.push_back(record(concat("t", i), kAllTypes[i], {2, 3}, contents[i]));
  }
  tensors.push_back(record("scalar", kFloat32, {}, scalar));
  tensors.push_back(record("empty", kFloat32, {0, 7}, ""));
  write_safetensors(folder.path("f"), tensors, {{"a", "b"}, {"ä", "\"\n"}});

  const WeightFile file = open_weight_file(folder.path("f"));
  EXPECT_EQ(file.format, "safetensors");
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"a", "b"}, {"ä", "\"\n"}}));
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const TensorRecord& expected : tensors) {
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                    [&](const TensorRecord& tensor) { return tensor.name == expected.name; });
    ASSERT_NE(found, file.tensors.end()) << expected.name;
    EXPECT_EQ(found->type, expected.type);
    EXPECT_EQ(found->shape, expected.shape);
    EXPECT_EQ(bytes_of(*found), bytes_of(expected)) << expected.name;
  }
}

TEST(Safetensors, WritesTheSameBytesWhateverTheOrder) {
  const TemporaryFolder folder;
  const std::string data(8, 'x');
  const auto a = record("a", kFloat32, {2}, data), b = record("b", kInt64, {1}, data);
  write_safetensors(folder.path("1"), std::vector{a, b}, {{"k", "v"}});
  write_safetensors(folder.path("2"), std::vector{b, a}, {{"k", "v"}});
  EXPECT_EQ(file_contents(folder.path("1")), file_contents(folder.path("2")));
}

TEST(Safetensors, LeavesNothingBesideTheFile) {
  const TemporaryFolder folder;
  write_safetensors(folder.path("f"), {});
  EXPECT_TRUE(open_weight_file(folder.path("f")).tensors.empty());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Safetensors, RefusesToWriteWhatWouldNotReadBackAndKeepsTheOldFile) {
  const TemporaryFolder folder;
  folder.write("f", "old");
  const std::string data(8, 'x');
  const auto a = record("a", kFloat32, {2}, data);
  auto transposed = record("t", kFloat32, {2, 1}, data);
  transposed.strides = {1, 2};
  EXPECT_THROW(write_safetensors(folder.path("f"), std::vector{a, a}), UsageError);
  EXPECT_THROW(write_safetensors(folder.path("f"), std::vector{transposed}), UsageError);
  EXPECT_THROW(write_safetensors(folder.path("f"), std::vector{record("__metadata__", kFloat32, {2}, data)}),
               UsageError);
  EXPECT_THROW(write_safetensors(folder.path("f"), std::vector{a}, {{"k", "\xff"}}), UsageError);
  EXPECT_EQ(file_contents(folder.path("f")), "old");
  EXPECT_THROW(write_safetensors(folder.path("nowhere/f"), std::vector{a}), StorageError);
}

struct BadHeader {
  const char* name;
  std::string header;
  std::string data;
  std::string complaint;
};

class BadSafetensors : public testing::TestWithParam<BadHeader> {};

TEST_P(BadSafetensors, IsRefusedByName) {
  const TemporaryFolder folder;
  const auto path = folder.write("f.pth", safetensors_file(GetParam().header, GetParam().data));
  EXPECT_NE(complaint(path).find(GetParam().complaint), std::string::npos) << complaint(path);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadSafetensors,
    testing::Values(
        BadHeader{"json", "{\"a\":", "", "no JSON object"}, BadHeader{"utf8", "{\"\xff\":1}", "", "no JSON object"},
        BadHeader{"twice", "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("a", "U8", "[1]", 1, 2) + "}", "xx",
                  "names 'a' twice"},
        BadHeader{"key_twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", "x",
                  "names 'dtype' twice"},
        BadHeader{"type", "{" + entry("a", "F8_E4M3", "[1]", 0, 1) + "}", "x", "'a' has the unknown type 'F8_E4M3'"},
        BadHeader{"overlap", "{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "U8", "[2]", 1, 3) + "}", "xxx",
                  "'b' overlaps"},
        BadHeader{"gap", "{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "U8", "[1]", 2, 3) + "}", "xxx",
                  "unused bytes before tensor 'b'"},
        BadHeader{"rest", "{" + entry("a", "U8", "[1]", 0, 1) + "}", "xxx", "2 bytes after its last tensor"},
        BadHeader{"outside", "{" + entry("a", "U8", "[9]", 0, 9) + "}", "xxx", "truncated"},
        BadHeader{"reversed", "{" + entry("a", "U8", "[1]", 1, 0) + "}", "x", "before it begins"},
        BadHeader{"shape", "{" + entry("a", "F32", "[2]", 0, 4) + "}", "xxxx", "'a' has 4 bytes"},
        BadHeader{"negative", "{" + entry("a", "U8", "[-1]", 0, 1) + "}", "x", "'a' has no shape"},
        BadHeader{"fraction", "{" + entry("a", "U8", "[1.0]", 0, 1) + "}", "x", "'a' has no shape"},
        BadHeader{"overflow", "{" + entry("a", "U8", "[4294967296,4294967296]", 0, 0) + "}", "", "impossible shape"},
        BadHeader{"overflow_empty", "{" + entry("a", "U8", "[0,4294967296,4294967296]", 0, 0) + "}", "",
                  "impossible shape"},
        BadHeader{"overflow_bytes", "{" + entry("a", "F64", "[2305843009213693952]", 0, 0) + "}", "",
                  "'a' has 0 bytes"},
        BadHeader{"extra_key", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", "x",
                  "'a' is not described"},
        BadHeader{"metadata", "{\"__metadata__\":{\"a\":1}}", "", "metadata 'a' that is no text"}),
    [](const auto& info) { return info.param.name; });

TEST(Safetensors, RefusesAHeaderThatDoesNotFit) {
  const TemporaryFolder folder;
  const auto truncated = folder.write("t", little_endian<uint64_t>(1000) + "{}");
  EXPECT_NE(complaint(truncated).find("truncated"), std::string::npos);
  EXPECT_NE(complaint(folder.write("h", little_endian<uint64_t>(UINT64_MAX) + "{}")).find("neither"),
            std::string::npos);
  EXPECT_NE(complaint(folder.write("html", "<html>not found</html>")).find("neither"), std::string::npos);
  EXPECT_NE(complaint(folder.write("empty", "")).find("neither"), std::string::npos);
  EXPECT_NE(complaint(folder.path("absent")).find("No such file"), std::string::npos);
  EXPECT_NE(complaint(folder.path()).find("not a file"), std::string::npos);
}

TEST(Safetensors, SurvivesEveryCutAndEveryFlippedByte) {
  const std::string whole = safetensors_file(
      "{" + entry("a", "F32", "[1,2]", 0, 8) + "," + entry("b", "BOOL", "[]", 8, 9) + "}", "012345678");
  ASSERT_EQ(complaint_about(whole), "");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(complaint_about(whole.substr(0, length)), "") << "cut at " << length;
  }
  for (size_t position = 0; position < whole.size(); ++position) {
    for (const int flip : {0x01, 0x02, 0x10, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[position] = static_cast<char>(damaged[position] ^ flip);
      complaint_about(damaged);  // may still be valid; must not crash, throw otherwise or read outside
    }
  }
}

}  // namespace
}  // namespace skein::test
