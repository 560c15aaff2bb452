// skein timeline: puts together what the ranks of a job with a timeline have left.

#include <iostream>

#include "launcher/commands/commands.h"
#include "runtime/options/option_table.h"
#include "runtime/trace/timeline.h"

namespace skein {

int timeline_command(const CommandContext& context, const std::vector<std::string>& words) {
  std::string directory;
  std::filesystem::path output;
  OptionTable table("skein timeline",
                    "Puts together the timeline of a job that has failed, for ui.perfetto.dev. One that ended in order has done so "
                    "itself.",
                    context.version);
  table.argument("DIR", directory, "FILE.parts of a job with --timeline FILE");
  table.add("--output,-o", output, "file to write; DIR without .parts unless given").unit("FILE");
  if (!table.parse_or_print(words, std::cout)) return 0;
  if (output.empty()) output = timeline_of_parts(directory);
  const TimelineSummary summary = write_timeline(directory, output);
  std::cout << output.string() << ": " << summary.describe() << "\n";
  return 0;
}

}  // namespace skein
