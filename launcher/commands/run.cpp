// skein run: starts a program on N ranks through mpirun.

#include <filesystem>
#include <iostream>

#include "launcher/commands/commands.h"
#include "launcher/commands/job.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/trace/timeline.h"

namespace skein {

int run_command(const CommandContext& context, const std::vector<std::string>& words) {
  JobOptions options;
  std::filesystem::path timeline;
  bool timeline_paused = false;
  OptionTable table("skein run", "Starts a program on several ranks through mpirun, with sane placement and binding.",
                    context.version);
  declare_job(table, options);
  table
      .add("--timeline", timeline,
           "write what all ranks did and waited for, as ui.perfetto.dev shows it; needs a folder that all hosts share")
      .unit("FILE");
  table.add("--timeline-paused", timeline_paused,
            "begin the timeline when this process gets SIGUSR1; each further one stops or continues it");
  table.rest("-- PROGRAM [ARGS...]", options.request.program,
             "what to start; a name without a slash is looked for beside skein, then in PATH");
  if (!table.parse_or_print(words, std::cout)) return 0;
  if (timeline_paused && timeline.empty())
    throw UsageError("--timeline-paused without a timeline", "add --timeline FILE");
  if (!timeline.empty()) {
    require_timeline_place(timeline);
    options.request.exported.push_back(concat("SKEIN_TIMELINE=", absolute(timeline).string()));
  }
  if (timeline_paused) options.request.exported.emplace_back("SKEIN_TIMELINE_PAUSED=1");
  return start_job("skein run", context, options);
}

}  // namespace skein
