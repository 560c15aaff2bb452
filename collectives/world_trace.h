#pragma once
// What a World keeps of its communicators' calls: for post-mortems, one history and one time.

#include <memory>

#include "collectives/call_history.h"
#include "collectives/transport.h"
#include "runtime/process/world.h"
#include "runtime/trace/job_clock.h"

namespace skein {

/// Adds the sections `calls`, `communicators` and `clock` to the World's post-mortem.
class WorldTrace final : public World::Companion {
 public:
  explicit WorldTrace(World& world);

  /// Collective, the first time; does nothing later.
  void synchronize(Transport& transport);
  CallHistory& history() { return *history_; }

 private:
  World& world_;
  std::shared_ptr<CallHistory> history_ = std::make_shared<CallHistory>();
  bool synchronized_ = false;
};

}  // namespace skein
