#include "collectives/make_communicator.h"

#include "collectives/attendance.h"
#include "collectives/host_communicator.h"
#include "collectives/mpi_transport.h"
#include "collectives/nccl/nccl_communicator.h"
#include "collectives/share_links.h"
#include "collectives/world_trace.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::chrono::minutes kDefaultWarnAfter{1};

/// A variable that holds seconds.
Clock::duration duration_variable(const std::string& name, Clock::duration otherwise, double least) {
  const auto text = environment_variable(name);
  if (!text) return otherwise;
  constexpr double kMost = 1e9;
  try {
    std::size_t length = 0;
    const double seconds = std::stod(*text, &length);
    if (length == text->size() && seconds >= least && seconds <= kMost)
      return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  } catch (const std::exception&) {
  }
  throw ConfigError(concat(name, "='", *text, "' is not a number of seconds of at least ", least), "unset it");
}

std::optional<std::filesystem::path> timeline_asked_for(const CommunicatorOptions& options) {
  if (options.timeline) return options.timeline;
  const auto file = environment_variable("SKEIN_TIMELINE");
  return file && !file->empty() ? std::optional<std::filesystem::path>(*file) : std::nullopt;
}

/// The World's; made by its first communicator.
class WorldAttendance final : public World::Companion {
 public:
  explicit WorldAttendance(World& world) : world_(world) {}
  void begin(Clock::duration warn_after) {
    if (attendance_ || world_.lifeline() == nullptr) return;
    const auto history = world_.companion<WorldTrace>().history().shared_from_this();
    attendance_.emplace(
        *world_.lifeline(), [history] { return history->last_calls(); }, warn_after);
  }
  Attendance* get() { return attendance_ ? &*attendance_ : nullptr; }

 private:
  World& world_;
  std::optional<Attendance> attendance_;
};

}  // namespace

std::unique_ptr<Communicator> make_communicator(World& world, const CommunicatorOptions& options) {
  if (options.backend == Backend::kNccl) return make_nccl_communicator(world);
  constexpr double kLeastTimeout = 0.001;
  const Clock::duration timeout =
      options.timeout ? *options.timeout : duration_variable("SKEIN_TIMEOUT", kDefaultTimeout, kLeastTimeout);
  const Clock::duration warn_after =
      options.warn_after ? *options.warn_after : duration_variable("SKEIN_WARN_AFTER", kDefaultWarnAfter, 0);
  auto transport = make_mpi_transport(world);
  const auto links = share_links(*transport, options.links, Deadline::after(kDefaultTimeout));
  WorldTrace& trace = world.companion<WorldTrace>();
  if (const auto timeline = timeline_asked_for(options))
    trace.record_timeline(*timeline, environment_variable("SKEIN_TIMELINE_PAUSED") == "1");
  trace.synchronize(*transport);
  WorldAttendance& attendance = world.companion<WorldAttendance>();
  attendance.begin(warn_after);
  return std::make_unique<HostCommunicator>(std::move(transport), world.topology(), world.health(), nullptr, links,
                                            trace.history().of_world(world.world_size()),
                                            Patience{timeout, attendance.get()});
}

}  // namespace skein
