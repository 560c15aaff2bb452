#pragma once
// What the benchmarks' main() have in common.

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "runtime/options/option_table.h"
#include "runtime/process/world.h"

namespace skein::bench {

/// Reads the options of `table`, answers --help and --version, then runs `body` on all ranks. Returns main()'s exit
/// code.
int benchmark_main(int argc, char** argv, OptionTable& table, const std::function<int(World&)>& body);

/// Writes what was measured, with the options it was measured under. Throws StorageError.
void write_report(const std::filesystem::path& file, const OptionTable& table, const World& world,
                  nlohmann::json report);

}  // namespace skein::bench
