#include <nlohmann/json.hpp>
#include <ostream>

#include "runtime/options/option_table.h"
#include "trainer/data/commands/commands.h"
#include "trainer/data/commands/progress_lines.h"
#include "trainer/data/inspect/statistics_report.h"

namespace skein {

namespace {

constexpr const char* kAbout =
    "Reads every image of a folder, a packed file or a whole data set, and prints what there is: images and bytes of each class, "
    "sizes, mean and standard deviation of the channels, odd and unreadable files, and images with the same bytes, also those "
    "of val that are in train too.";

struct StatsFlags {
  std::string path;
  bool json = false;
  int workers = 0;
};

OptionTable stats_options_table(StatsFlags& flags) {
  OptionTable table("skein-data stats", kAbout, SKEIN_VERSION);
  table.argument("PATH", flags.path, "folder of images, data set or packed file");
  table.add("--json", flags.json, "print all of it as JSON (docs/formats.md)");
  add_workers_option(table, flags.workers);
  return table;
}

}  // namespace

void stats_command(const Words& words, std::ostream& out) {
  StatsFlags flags;
  OptionTable table = stats_options_table(flags);
  if (!table.parse_or_print(words, out)) return;
  ProgressLines progress("examining " + flags.path);
  const DataSetStatistics statistics = gather_data_set(open_sources(flags.path), num_workers(flags.workers), std::ref(progress));
  if (flags.json)
    out << statistics_json(statistics).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  else
    print_statistics(statistics, out);
}

}  // namespace skein
