#pragma once
// Ranks as threads of one process: for tests, and for what the sanitizers cannot see between processes.

#include <memory>
#include <vector>

#include "collectives/transport.h"
#include "runtime/process/health.h"

namespace skein {

/// One transport for each of `world_size` ranks; each is used by its own thread. Sends complete at once (the
/// bytes are copied). A wait gives up as soon as `health`, which must outlive the transports, has failed.
std::vector<std::unique_ptr<Transport>> make_thread_transports(int world_size, const Health& health);

}  // namespace skein
