// skein tune: starts tune_links on several hosts through mpirun.

#include <iostream>

#include "launcher/commands/commands.h"
#include "launcher/commands/job.h"
#include "runtime/process/text.h"

namespace skein {

int tune_command(const CommandContext& context, const std::vector<std::string>& words) {
  JobOptions job;
  std::filesystem::path output = "links.json";
  int repeats = 7;
  std::int64_t max_bytes = 4 << 20;
  OptionTable table("skein tune",
                    "Measures the links between hosts and writes a profile by which Skein chooses between algorithms; "
                    "SKEIN_LINK_PROFILE=FILE puts it to use. Ranks as many and as placed as in training.",
                    context.version);
  declare_job(table, job);
  table.group("Measurement");
  table.add("--output,-o", output, "the profile, written on the first host").unit("FILE");
  table.add("--repeats", repeats, "times that each measurement is made").at_least(1).unit("N");
  table.add("--max-bytes", max_bytes, "largest buffer with which the profile is tried out")
      .at_least(1024)
      .unit("BYTES");
  if (const ParseResult result = table.parse(words); result.action == ParseResult::Action::kPrint) {
    std::cout << result.text;
    return 0;
  }
  job.request.program = {(context.directory / "tune_links").string(), "--output", output.string(), "--repeats",
                         concat(repeats), "--max-bytes", concat(max_bytes)};
  return start_job("skein tune", context, job);
}

}  // namespace skein
