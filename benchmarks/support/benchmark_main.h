#pragma once
// What the benchmarks' main() have in common.

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "runtime/options/option_table.h"
#include "runtime/process/world.h"
#include "runtime/run/atomic_file.h"

namespace skein::bench {

/// Reads the options of `table`, answers --help and --version, then runs `body` on all ranks. Returns main()'s exit
/// code.
int benchmark_main(int argc, char** argv, OptionTable& table, const std::function<int(World&)>& body);

/// The file for what was measured, with the options it was measured under: on rank 0, if `file` is not empty. Throws
/// StorageError, here where it cannot be written, so that nothing is measured in vain.
class Report {
 public:
  Report(const std::filesystem::path& file, const OptionTable& table, const World& world);
  void write(nlohmann::json figures);

 private:
  const OptionTable& table_;
  const World& world_;
  std::optional<AtomicFile> file_;
};

}  // namespace skein::bench
