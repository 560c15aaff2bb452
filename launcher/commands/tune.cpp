// skein tune: starts tune_links on several hosts through mpirun.

#include <iostream>

#include "launcher/commands/commands.h"
#include "launcher/commands/job.h"
#include "runtime/options/tune_options.h"

namespace skein {

int tune_command(const CommandContext& context, const std::vector<std::string>& words) {
  JobOptions job;
  TuneOptions measurement;
  OptionTable table("skein tune",
                    "Measures the links between hosts and writes a profile by which Skein chooses between algorithms; "
                    "SKEIN_LINK_PROFILE=FILE puts it to use. Ranks as many and as placed as in training.",
                    context.version);
  declare_job(table, job);
  measurement.declare(table);
  if (!table.parse_or_print(words, std::cout)) return 0;
  job.request.program = measurement.words();
  job.request.program.insert(job.request.program.begin(), (context.directory / "tune_links").string());
  return start_job("skein tune", context, job);
}

}  // namespace skein
