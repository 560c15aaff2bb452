#include "benchmarks/support/benchmark_main.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/process/run_main.h"

namespace skein::bench {

int benchmark_main(int argc, char** argv, OptionTable& table, const std::function<int(World&)>& body) {
  return run_main(table.program(), [&]() -> int {
    return table.parse_or_print(argc, argv, std::cout) ? run_main(argc, argv, body) : 0;
  });
}

Report::Report(const std::filesystem::path& file, const OptionTable& table, const World& world)
    : table_(table), world_(world) {
  if (!file.empty() && world.rank() == 0) file_.emplace(file, "--json");
}

void Report::write(nlohmann::json figures) {
  if (!file_) return;
  figures.update({{"benchmark", table_.program()},
                  {"options", table_.values()},
                  {"world_size", world_.world_size()},
                  {"mpi", world_.mpi_version()}});
  file_->write(figures.dump(2) + "\n");
  file_->commit();
}

}  // namespace skein::bench
