#include "launcher/host_list.h"

#include <gtest/gtest.h>

#include "runtime/process/error.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

class HostListTest : public DirectoryTest {
 protected:
  HostList read(const std::string& text) {
    write_text(directory_ / "hosts", text);
    return read_hostfile(directory_ / "hosts");
  }
  std::string at(int line) const { return concat((directory_ / "hosts").string(), ":", line, ": "); }
};

constexpr auto kNone = std::nullopt;

TEST_F(HostListTest, CommandLine) {
  EXPECT_EQ(parse_hosts("a:2,b:3"), (HostList{{"a", 2, kNone}, {"b", 3, kNone}}));
  EXPECT_EQ(parse_hosts("a,b.example.org,10.0.0.1:4"),
            (HostList{{"a", 1, kNone}, {"b.example.org", 1, kNone}, {"10.0.0.1", 4, kNone}}));
  EXPECT_EQ(parse_hosts("a,a,b,a:2"), (HostList{{"a", 4, kNone}, {"b", 1, kNone}}));
  for (const char* bad : {"", "a,,b", "a:", "a:0", "a:x", "a:2x", "a:-1", ":2", "a b", "a:2,", "-a", "user@a"})
    EXPECT_THROW(parse_hosts(bad), UsageError) << bad;
  EXPECT_ERROR(UsageError, "--host: 'a:x' is no host", parse_hosts("b:2,a:x"));
}

TEST_F(HostListTest, Hostfile) {
  EXPECT_EQ(read("# comment\n\n  a slots=2 # trailing\nb\tslots=4 max_slots=8\r\nc slots=1 max-slots=2\nd\n"),
            (HostList{{"a", 2, kNone}, {"b", 4, 8}, {"c", 1, 2}, {"d", kNone, kNone}}));
  EXPECT_EQ(read("a slots=1"), (HostList{{"a", 1, kNone}})) << "no newline at the end";
}

TEST_F(HostListTest, HostsThatStandAloneOnSeveralLines) {
  EXPECT_EQ(read("a\na\nb\na\nc\n"), (HostList{{"a", 3, kNone}, {"b", kNone, kNone}, {"c", kNone, kNone}}));
}

TEST_F(HostListTest, LinesThatDoNotParse) {
  EXPECT_ERROR(ConfigError, at(2) + "unknown setting 'slot'; did you mean 'slots'?", read("a\nb slot=2\n"));
  EXPECT_ERROR(ConfigError, at(1) + "'slots=many': expected a number of at least 1", read("a slots=many\n"));
  EXPECT_ERROR(ConfigError, at(1) + "'slots=0'", read("a slots=0\n"));
  EXPECT_ERROR(ConfigError, at(1) + "expected slots=N after the host, found '4'", read("a 4\n"));
  EXPECT_ERROR(ConfigError, at(1) + "slots is given twice", read("a slots=1 slots=2\n"));
  EXPECT_ERROR(ConfigError, at(3) + "max_slots=1 is less than slots=2", read("\n#\na slots=2 max_slots=1\n"));
  EXPECT_ERROR(ConfigError, at(2) + "max_slots without slots", read("a\nb max_slots=2\n"));
  EXPECT_ERROR(ConfigError, "write `a slots=4`", read("a:4\n"));
  EXPECT_ERROR(ConfigError, "~/.ssh/config", read("me@a slots=4\n"));
  EXPECT_ERROR(ConfigError, at(1) + "'slots=4' is no host name", read("slots=4\n"));
  EXPECT_ERROR(ConfigError, at(3) + "host a is already on line 1", read("a slots=1\nb\na slots=2\n"));
  EXPECT_ERROR(ConfigError, at(2) + "host a is already on line 1", read("a slots=1\na\n"));
  EXPECT_ERROR(ConfigError, at(2) + "host a is already on line 1", read("a\na slots=1\n"));
}

TEST_F(HostListTest, FilesWithoutHosts) {
  EXPECT_ERROR(ConfigError, "no hosts", read("# nothing\n\n"));
  EXPECT_ERROR(ConfigError, "cannot read the hostfile /nowhere", read_hostfile("/nowhere"));
  EXPECT_ERROR(ConfigError, "cannot read the hostfile", read_hostfile(directory_));
}

TEST_F(HostListTest, TotalSlots) {
  EXPECT_EQ(total_slots(parse_hosts("a:2,b:3")), 5);
  EXPECT_EQ(total_slots(read("a slots=2\nb\n")), std::nullopt);
}

TEST_F(HostListTest, EveryExampleParses) {
  std::size_t num_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HOSTFILES_DIR)) {
    if (entry.path().extension() == ".md") continue;
    EXPECT_NO_THROW(EXPECT_FALSE(read_hostfile(entry.path()).empty())) << entry.path();
    ++num_files;
  }
  EXPECT_GE(num_files, 4u);
  EXPECT_EQ(total_slots(read_hostfile(HOSTFILES_DIR "/two_hosts.txt")), 8);
  EXPECT_EQ(total_slots(read_hostfile(HOSTFILES_DIR "/slurm_generated.txt")), 6);
}

}  // namespace
}  // namespace skein
