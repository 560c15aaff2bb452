#pragma once
// What the tests of the data path share: pictures, stored expectations, folders that go away.

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"
#include "trainer/data/file_bytes.h"
#include "trainer/data/image/image.h"

namespace skein::testing {

/// The picture that make_expected.py's pattern() draws as well.
inline RgbImage pattern(int width, int height) {
  RgbImage image(width, height);
  for (unsigned y = 0; y < static_cast<unsigned>(height); ++y)
    for (unsigned x = 0; x < static_cast<unsigned>(width); ++x)
      for (unsigned c = 0; c < 3; ++c)
        image.row(static_cast<int>(y))[x * 3 + c] =
            static_cast<uint8_t>((x * x * 3 + y * 7 * (x + 1) + c * 85 + (x ^ y) * 11 + y * y) & 255);
  return image;
}

inline std::string crc(const void* data, size_t num_bytes) {
  char text[9];
  std::snprintf(text, sizeof(text), "%08lx", crc32(0, static_cast<const Bytef*>(data), static_cast<uInt>(num_bytes)));
  return text;
}
inline std::string crc(const RgbImage& image) {
  return crc(image.data(), image.num_bytes());
}

inline std::filesystem::path expected(const std::string& name) {
  return std::filesystem::path(EXPECTED_DIR) / name;
}

inline std::vector<uint8_t> bytes_of(const std::filesystem::path& path) {
  std::vector<uint8_t> buffer;
  const auto view = read_file(path, buffer);
  return {view.begin(), view.end()};
}

inline std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

template <class T>
std::vector<T> numbers_of(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<T>(in), {}};
}

class TemporaryFolder : public TemporaryDirectory {
 public:
  /// Writes a file, and the folders it is in.
  std::filesystem::path add(const std::string& name, const std::vector<uint8_t>& bytes = {'x'}) const {
    const std::filesystem::path file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    replace_file(file, bytes);
    return file;
  }
};

/// The message of the Expected error that `call` throws; a failure where it throws none or another kind.
template <class Expected, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Expected& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

inline ::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << '"' << text << "\" lacks \"" << part << '"';
}

}  // namespace skein::testing
