#pragma once
// Every command of `skein`, one file each in this folder. See Command for what they get, print and return.

#include <string>
#include <vector>

#include "launcher/command_list.h"

namespace skein {

int postmortem_command(const CommandContext& context, const std::vector<std::string>& words);
int report_command(const CommandContext& context, const std::vector<std::string>& words);
int run_command(const CommandContext& context, const std::vector<std::string>& words);
int runs_ls_command(const CommandContext& context, const std::vector<std::string>& words);
int runs_show_command(const CommandContext& context, const std::vector<std::string>& words);
int timeline_command(const CommandContext& context, const std::vector<std::string>& words);
int tune_command(const CommandContext& context, const std::vector<std::string>& words);

}  // namespace skein
