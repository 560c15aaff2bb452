// skein postmortem: where the ranks of a job that failed first went different ways.

#include <iostream>
#include <nlohmann/json.hpp>

#include "launcher/commands/commands.h"
#include "launcher/post_mortem_page.h"
#include "runtime/options/option_table.h"

namespace skein {

int postmortem_command(const CommandContext& context, const std::vector<std::string>& words) {
  std::string directory;
  bool as_json = false;
  OptionTable table("skein postmortem",
                    "Puts together what the ranks of a failed job left, and names the first rank and call that diverged.",
                    context.version);
  table.argument("DIR", directory, "where the files rank_NNNN.json lie, or a run's directory");
  table.add("--json", as_json, "print a JSON object");
  if (!table.parse_or_print(words, std::cout)) return 0;
  const JobReport job = read_post_mortems(directory);
  const Divergence divergence = first_divergence(job);
  using nlohmann::json;
  if (as_json)
    std::cout << post_mortem_json(job, divergence).dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  else
    std::cout << post_mortem_page(job, divergence);
  return 0;
}

}  // namespace skein
