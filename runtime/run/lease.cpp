#include "runtime/run/lease.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>

#include "runtime/process/environment.h"
#include "runtime/process/file_descriptor.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"
#include "runtime/run/storage_error.h"

namespace skein {
namespace {

using nlohmann::json;

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// A process number means something only within one boot of one host and one PID namespace.
std::string process_realm() {
  std::error_code ignored;
  return first_line("/proc/sys/kernel/random/boot_id") + " " +
         std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
}

/// When a process started, in clock ticks since boot; empty when there is none, or it is a zombie. Process
/// numbers are reused.
std::string process_start(pid_t pid) {
  const std::string stat = first_line(concat("/proc/", pid, "/stat"));
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return "";
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22 && fields >> field; ++number)
    if (number == 3 && (field == "Z" || field == "X")) return "";
  return field;
}

FileDescriptor create_lease(const std::filesystem::path& file, std::chrono::milliseconds interval) {
  FileDescriptor fd(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) throw_storage_error("take the lease", file, errno);
  const json lease = {{"host", host_name()},
                      {"pid", getpid()},
                      {"process_start", process_start(getpid())},
                      {"process_realm", process_realm()},
                      {"interval_s", static_cast<double>(interval.count()) / 1000}};
  const std::string text = lease.dump() + "\n";
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw_storage_error("write", file, errno);
  return fd;
}

double seconds_since_touched(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return 0;
  return unix_seconds() -
         (static_cast<double>(status.st_mtim.tv_sec) + static_cast<double>(status.st_mtim.tv_nsec) * 1e-9);
}

WriterStatus judge(const json& lease, double silence_s) {
  using Liveness = WriterStatus::Liveness;
  const pid_t pid = lease.at("pid");
  const std::string who = concat("process ", pid, " on ", lease.at("host").get<std::string>());
  if (lease.at("process_realm") == process_realm()) {
    if (lease.at("process_start") == process_start(pid)) return {Liveness::kAlive, ""};
    return {Liveness::kDead, who + " is gone"};
  }
  // Clocks of two hosts may differ by some seconds.
  const double tolerance_s = 3 * lease.at("interval_s").get<double>() + 10;
  if (silence_s <= tolerance_s) return {Liveness::kAlive, ""};
  return {Liveness::kSilent, concat("no sign of life from ", who, " for ", static_cast<long>(silence_s), " s")};
}

}  // namespace

/// What the thread and its owner share.
struct Lease::Heart {
  std::mutex mutex;
  std::condition_variable wake;
  bool stop = false;
  FileDescriptor fd;

  void beat(std::chrono::milliseconds interval) {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, interval, [&] { return stop; })) futimens(fd.get(), nullptr);
  }
};

Lease::Lease(std::filesystem::path file, std::chrono::milliseconds interval)
    : file_(std::move(file)), heart_(std::make_unique<Heart>()) {
  heart_->fd = create_lease(file_, interval);
  // Signals belong to the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([heart = heart_.get(), interval] { heart->beat(interval); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Lease::~Lease() {
  {
    std::lock_guard lock(heart_->mutex);
    heart_->stop = true;
  }
  heart_->wake.notify_all();
  thread_.join();
  unlink(file_.c_str());
}

WriterStatus writer_status(const std::filesystem::path& lease_file) {
  std::ifstream in(lease_file);
  if (!in.is_open()) return {};
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    return judge(json::parse(text), seconds_since_touched(lease_file));
  } catch (const json::exception&) {
    return {WriterStatus::Liveness::kSilent, concat(lease_file.string(), " is unreadable")};
  }
}

}  // namespace skein
