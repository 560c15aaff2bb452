#include "launcher/program_finder.h"

#include <gtest/gtest.h>

#include "runtime/process/error.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class ProgramFinder : public DirectoryTest {
 protected:
  fs::path program(const std::string& name) const {
    write_text(directory_ / name, "#!/bin/sh\n");
    fs::permissions(directory_ / name, fs::perms::owner_all);
    return directory_ / name;
  }
};

TEST_F(ProgramFinder, BesideSkeinThenInPath) {
  const fs::path beside = program("beside/trainer"), in_path = program("path/trainer"), other = program("path/other");
  const std::string path = "/nowhere:" + (directory_ / "path").string();
  EXPECT_EQ(find_program("trainer", directory_ / "beside", path), beside);
  EXPECT_EQ(find_program("other", directory_ / "beside", path), other);
  EXPECT_EQ(find_program(in_path.string(), directory_ / "beside", path), in_path);
}

TEST_F(ProgramFinder, WhatIsNoProgram) {
  write_text(directory_ / "text", "not executable");
  EXPECT_ERROR(UsageError, "no program 'text' beside skein", find_program("text", directory_, directory_.string()));
  EXPECT_ERROR(UsageError, "is not an executable file", find_program((directory_ / "text").string(), "", ""));
  EXPECT_ERROR(UsageError, "does not exist", find_program("./no/such", "", ""));
  EXPECT_ERROR(UsageError, "is not an executable file", find_program(directory_.string(), "", ""));
}

TEST_F(ProgramFinder, Siblings) {
  program("skein");
  program("skein-data");
  program("skein-check");
  write_text(directory_ / "skein-notes", "not executable");
  EXPECT_EQ(sibling_commands(directory_), (std::vector<std::string>{"check", "data"}));
  EXPECT_TRUE(sibling_commands("/nowhere").empty());
}

}  // namespace
}  // namespace skein
