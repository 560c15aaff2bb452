// skein-data (run as `skein data`): prepares the images that `trainer` reads, and examines them.

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "runtime/process/error.h"
#include "runtime/process/run_main.h"
#include "runtime/process/text.h"
#include "trainer/data/commands/commands.h"

namespace skein {
namespace {

constexpr const char* kHelp =
    "Usage: skein-data COMMAND [OPTIONS]\n"
    "\n"
    "Prepares the images that the trainer reads, and examines them.\n"
    "\n"
    "Commands\n"
    "  import-idx    turn IDX files (MNIST, Fashion-MNIST) into a folder of images\n"
    "  split         divide a folder of images into train, val and test\n"
    "  stats         count and measure a data set: classes, sizes, channel means, duplicates\n"
    "  verify        read every image and name those that are damaged\n"
    "  pack          put a folder of images into one file, or some, that are read faster\n"
    "\n"
    "skein-data COMMAND --help shows the options of a command.\n";

struct Command {
  const char* name;
  void (*run)(const Words& words, std::ostream& out);
};
constexpr Command kCommands[] = {{"import-idx", import_idx_command},
                                 {"split", split_command},
                                 {"stats", stats_command},
                                 {"verify", verify_command},
                                 {"pack", pack_command}};

void run(const Words& words) {
  if (words.empty()) throw UsageError("no command given", "skein-data --help lists the commands");
  if (words[0] == "--help" || words[0] == "-h") {
    std::cout << kHelp;
    return;
  }
  if (words[0] == "--version") {
    std::cout << "skein-data " SKEIN_VERSION "\n";
    return;
  }
  for (const Command& command : kCommands)
    if (words[0] == command.name) return command.run({words.begin() + 1, words.end()}, std::cout);
  throw UsageError(concat("unknown command '", words[0], "'"), "skein-data --help lists them");
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main("skein-data", [&] {
    skein::run({argv + std::min(argc, 1), argv + argc});
    return 0;
  });
}
