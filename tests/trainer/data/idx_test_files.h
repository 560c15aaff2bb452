#pragma once
// IDX files made for a test.

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "data_test_support.h"

namespace skein::testing {

inline void append_number(std::vector<uint8_t>& bytes, uint32_t number) {
  for (int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<uint8_t>(number >> shift));
}

/// Pictures of 5x4 pixels, all of one shade: the picture's number.
inline std::vector<uint8_t> idx_images(uint32_t num_images, uint32_t magic = 0x803) {
  std::vector<uint8_t> bytes;
  for (uint32_t number : {magic, num_images, 4u, 5u}) append_number(bytes, number);
  for (uint32_t i = 0; i < num_images; ++i) bytes.insert(bytes.end(), 20, static_cast<uint8_t>(i));
  return bytes;
}

inline std::vector<uint8_t> idx_labels(const std::vector<uint8_t>& labels) {
  std::vector<uint8_t> bytes;
  append_number(bytes, 0x801);
  append_number(bytes, static_cast<uint32_t>(labels.size()));
  bytes.insert(bytes.end(), labels.begin(), labels.end());
  return bytes;
}

inline std::vector<uint8_t> gzipped(const std::vector<uint8_t>& bytes, const std::filesystem::path& scratch) {
  gzFile file = gzopen(scratch.c_str(), "wb");
  EXPECT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
  gzclose(file);
  return bytes_of(scratch);
}

}  // namespace skein::testing
