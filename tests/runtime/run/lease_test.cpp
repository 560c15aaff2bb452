#include "runtime/run/lease.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/process/deadline.h"
#include "runtime/process/error.h"
#include "runtime/process/subprocess.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using Liveness = WriterStatus::Liveness;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LeaseTest : public DirectoryTest {
 protected:
  fs::path file() const { return directory_ / "lease.json"; }
  /// Rewrites one field, as if another process had written the lease, and makes it look `age` old.
  void forge(const std::string& field, const nlohmann::json& value, seconds age) {
    auto lease = nlohmann::json::parse(file_contents(file()));
    lease[field] = value;
    write_text(file(), lease.dump());
    fs::last_write_time(file(), fs::file_time_type::clock::now() - age);
  }
};

TEST_F(LeaseTest, LivesAsLongAsItsObject) {
  EXPECT_EQ(writer_status(file()).liveness, Liveness::kNone);
  {
    const Lease lease(file());
    EXPECT_EQ(writer_status(file()).liveness, Liveness::kAlive);
  }
  EXPECT_EQ(writer_status(file()).liveness, Liveness::kNone);
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(LeaseTest, SecondWriterIsRefused) {
  const Lease lease(file());
  EXPECT_ERROR(StorageError, "cannot take the lease", Lease second(file()));
  EXPECT_EQ(writer_status(file()).liveness, Liveness::kAlive);
}

TEST_F(LeaseTest, HeartBeats) {
  const Lease lease(file(), milliseconds(5));
  fs::last_write_time(file(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto hour_ago = fs::last_write_time(file());
  for (const auto limit = Deadline::after(seconds(20)); !limit.expired() && fs::last_write_time(file()) == hour_ago;)
    usleep(1000);
  EXPECT_GT(fs::last_write_time(file()), hour_ago + std::chrono::minutes(59));
}

TEST_F(LeaseTest, ADeadProcessOfThisHostIsSeenAtOnce) {
  pid_t gone = 0;
  {
    Subprocess process({.argv = {"true"}});
    gone = process.pid();
    process.wait(Deadline::after(seconds(20)));
  }
  const Lease lease(file());
  forge("pid", gone, seconds(0));
  const WriterStatus status = writer_status(file());
  EXPECT_EQ(status.liveness, Liveness::kDead);
  EXPECT_NE(status.reason.find(concat("process ", gone, " on ")), std::string::npos) << status.reason;
}

TEST_F(LeaseTest, AReusedProcessNumberIsAnotherProcess) {
  const Lease lease(file());
  forge("process_start", "1", seconds(0));
  EXPECT_EQ(writer_status(file()).liveness, Liveness::kDead);
}

TEST_F(LeaseTest, OtherHostsAreJudgedByTheirHeartbeat) {
  const Lease lease(file());
  forge("process_realm", "another boot", seconds(20));
  EXPECT_EQ(writer_status(file()).liveness, Liveness::kAlive);
  forge("process_realm", "another boot", seconds(120));
  const WriterStatus status = writer_status(file());
  EXPECT_EQ(status.liveness, Liveness::kSilent);
  EXPECT_NE(status.reason.find("no sign of life"), std::string::npos) << status.reason;
}

TEST_F(LeaseTest, HalfWrittenLease) {
  write_text(file(), "{\"host\":");
  EXPECT_EQ(writer_status(file()).liveness, Liveness::kSilent);
}

}  // namespace
}  // namespace skein
