#include "benchmarks/support/benchmark_main.h"

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
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

void write_report(const std::filesystem::path& file, const OptionTable& table, const World& world,
                  nlohmann::json report) {
  report.update({{"benchmark", table.program()},
                 {"options", table.values()},
                 {"world_size", world.world_size()},
                 {"mpi", world.mpi_version()}});
  std::ofstream out(file);
  out << report.dump(2) << "\n";
  out.close();
  if (!out) throw StorageError("cannot write " + file.string(), "choose another --json");
}

}  // namespace skein::bench
