#pragma once
// A test fixture with a directory of its own, removed with it, and small file helpers.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/process/text.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace skein {

class DirectoryTest : public ::testing::Test {
 private:
  const TemporaryDirectory temporary_;

 protected:
  const std::filesystem::path directory_ = temporary_.path();
};

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::filesystem::remove(file);  // truncating a fresh file makes some file systems write it out first: slow
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace skein
