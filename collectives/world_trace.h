#pragma once
// What a World keeps of its communicators' calls: for post-mortems and timelines, one history and one time.

#include <filesystem>
#include <memory>

#include "collectives/call_history.h"
#include "collectives/transport.h"
#include "runtime/process/world.h"
#include "runtime/trace/job_clock.h"
#include "runtime/trace/timeline_part.h"

namespace skein {

/// Adds the sections `calls`, `communicators` and `clock` to the World's post-mortem.
class WorldTrace final : public World::Companion {
 public:
  explicit WorldTrace(World& world);
  ~WorldTrace() override;

  /// Collective, the first time; does nothing later.
  void synchronize(Transport& transport);
  CallHistory& history() { return *history_; }

  /// From now on every call goes into a timeline (runtime/trace/timeline.h), which rank 0 writes to `file` when the World
  /// ends in order; after a failure the parts stay in `file`.parts, for `skein timeline`. SIGUSR1 stops and continues the
  /// recording, unless the program handles that signal. Only the first call of a World counts. Throws StorageError.
  void record_timeline(const std::filesystem::path& file, bool paused);
  void before_farewell() override;
  void after_farewell() override;

 private:
  World& world_;
  std::shared_ptr<CallHistory> history_ = std::make_shared<CallHistory>();
  bool synchronized_ = false;
  std::filesystem::path timeline_file_;
  std::shared_ptr<TimelinePart> timeline_;  // null: none is asked for
};

}  // namespace skein
