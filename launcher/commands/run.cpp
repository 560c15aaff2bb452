// skein run: starts a program on N ranks through mpirun.

#include <iostream>

#include "launcher/commands/commands.h"
#include "launcher/commands/job.h"

namespace skein {

int run_command(const CommandContext& context, const std::vector<std::string>& words) {
  JobOptions options;
  OptionTable table("skein run", "Starts a program on several ranks through mpirun, with sane placement and binding.",
                    context.version);
  declare_job(table, options);
  table.rest("-- PROGRAM [ARGS...]", options.request.program,
             "what to start; a name without a slash is looked for beside skein, then in PATH");
  if (const ParseResult result = table.parse(words); result.action == ParseResult::Action::kPrint) {
    std::cout << result.text;
    return 0;
  }
  return start_job("skein run", context, options);
}

}  // namespace skein
