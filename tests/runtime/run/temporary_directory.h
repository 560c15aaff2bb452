#pragma once
// A directory of a test's own, removed with it, and small file helpers.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "runtime/process/text.h"

namespace skein {

class TemporaryDirectory : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::temp_directory_path() /
                 concat("skein_", test->test_suite_name(), "_", test->name(), "_", getpid());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::filesystem::remove(file);  // truncating a fresh file makes some file systems write it out first: slow
  std::ofstream(file, std::ios::binary) << text;
}

/// EXPECT_ERROR(kind, text, statement): the statement throws `kind`, and its message contains `text`.
#define EXPECT_ERROR(Kind, text, statement)                                                            \
  try {                                                                                                \
    statement;                                                                                         \
    ADD_FAILURE() << "no error from " #statement;                                                      \
  } catch (const Kind& error) {                                                                        \
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << "message: " << error.what(); \
  } catch (const std::exception& error) {                                                              \
    ADD_FAILURE() << "another kind of error: " << error.what();                                        \
  }

}  // namespace skein
