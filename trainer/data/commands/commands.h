#pragma once
// The commands of skein-data. Each reads its words, does what they ask and says on `out` what came of it; progress and
// warnings go to standard error. They throw Skein's errors.

#include <iosfwd>
#include <string>
#include <vector>

namespace skein {

using Words = std::vector<std::string>;

void import_idx_command(const Words& words, std::ostream& out);
void pack_command(const Words& words, std::ostream& out);
void split_command(const Words& words, std::ostream& out);
void stats_command(const Words& words, std::ostream& out);
void verify_command(const Words& words, std::ostream& out);

}  // namespace skein
