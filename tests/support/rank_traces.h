#pragma once
// What the ranks of a test program leave in a directory for the test that started it.

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "runtime/process/world.h"

namespace skein {

/// rank_N.log, and the post-mortem.
inline void leave_traces(World& world, const std::string& directory) {
  LogOptions log;
  log.rank = world.rank();
  log.world_size = world.world_size();
  log.file = concat(directory, "/rank_", world.rank(), ".log");
  configure_log(log);
  world.post_mortem().set_directory(directory);
}

/// The process number of the rank, in a file rank_N.KIND that appears at once.
inline void write_mark(const World& world, const std::string& directory, const std::string& kind) {
  const std::string file = concat(directory, "/rank_", world.rank(), ".", kind);
  std::ofstream(file + ".tmp") << getpid();
  std::rename((file + ".tmp").c_str(), file.c_str());
}

}  // namespace skein
