// skein: one command for launching jobs and looking at what they left behind. Needs neither LibTorch nor MPI;
// commands that do are programs of their own, skein-X, which `skein X` becomes.

#include <iostream>

#include "launcher/command_list.h"
#include "launcher/program_finder.h"
#include "runtime/process/error.h"
#include "runtime/process/run_main.h"
#include "runtime/process/subprocess.h"

namespace {

int act(const skein::Invocation& invocation, const skein::CommandContext& context,
        const std::vector<std::string>& siblings) {
  using Kind = skein::Invocation::Kind;
  switch (invocation.kind) {
    case Kind::kHelp:
      std::cout << skein::command_help(invocation.name, siblings);
      return 0;
    case Kind::kVersion:
      std::cout << "skein " << context.version << "\n";
      return 0;
    case Kind::kCommand:
      return invocation.command->run(context, invocation.words);
    case Kind::kSibling:
      break;
  }
  std::vector<std::string> argv = {(context.directory / ("skein-" + invocation.name)).string()};
  argv.insert(argv.end(), invocation.words.begin(), invocation.words.end());
  skein::replace_process(argv);
}

int run(const std::vector<std::string>& words) {
  const skein::CommandContext context{SKEIN_VERSION, skein::own_directory()};
  const std::vector<std::string> siblings = skein::sibling_commands(context.directory);
  const int code = act(skein::understand(words, siblings), context, siblings);
  std::cout.flush();
  if (!std::cout) throw skein::StorageError("cannot write to standard output");
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  return skein::run_main("skein", [&] { return run({argv + 1, argv + argc}); });
}
