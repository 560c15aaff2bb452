#include "benchmarks/support/benchmark_main.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/process/run_main.h"

namespace skein::bench {

int benchmark_main(int argc, char** argv, OptionTable& table, const std::function<int(World&)>& body) {
  return run_main(table.program(), [&]() -> int {
    const ParseResult parsed = table.parse(argc, argv);
    if (parsed.action == ParseResult::Action::kRun) return run_main(argc, argv, body);
    std::cout << parsed.text;
    return 0;
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
