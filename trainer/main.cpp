// trainer: trains an image classifier, alone or as one of the ranks that mpirun starts.

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/world.h"
#include "trainer/agree.h"
#include "trainer/parallel/allocation.h"
#include "trainer/signal_watch.h"
#include "trainer/options/train_options.h"
#include "trainer/training_job.h"

namespace skein {
namespace {

/// Open MPI ends the other ranks one second after the first has left with an error.
constexpr std::chrono::milliseconds kLauncherReaction{1500};

/// Before MPI has started: whether this is the process that talks to the user.
bool speaks_for_all() {
  const LaunchEnvironment launch = launch_environment();
  return launch.world_size.value_or(1) == 1 || launch.local_rank.value_or(0) == 0;
}

/// Without MPI the ranks cannot agree on who reports a bad flag. The first one does; the launcher then ends
/// the others, unless they alone have something to say.
int refuse(const std::exception& error) {
  if (!speaks_for_all()) std::this_thread::sleep_for(kLauncherReaction);
  std::cerr << "trainer: " << error.what() << std::endl;
  const auto* own = dynamic_cast<const Error*>(&error);
  return own != nullptr ? own->exit_code() : 1;
}

int leave(const World& world, const RefusedStart& refused) {
  if (world.rank() == refused.reporter()) log_error(refused.what());
  return refused.exit_code();
}

int run_in_world(World& world, const TrainingRequest& request, SignalWatch& signals) {
  try {
    const int code = run_training_job(world, request, signals);
    signals.stop();  // what it calls uses the world, which goes first
    return code;
  } catch (const RefusedStart& refused) {
    signals.stop();
    return leave(world, refused);
  } catch (const std::exception& error) {
    world.fail(error);
  }
}

int run(int argc, char** argv) {
  TrainOptions options;
  OptionTable table = make_train_option_table(options);
  const ParseResult parsed = table.parse(argc, argv);
  if (parsed.action == ParseResult::Action::kPrint) {
    if (speaks_for_all()) std::cout << parsed.text;
    return 0;
  }
  settle_train_options(table, options);
  check_train_options(options, table);
  const std::vector<std::string> command(argv, argv + argc);
  const ProgressStyle progress = choose_progress_style(options.progress, STDOUT_FILENO);
  return_freed_memory();
  SignalWatch signals;
  World world(argc, argv);
  return run_in_world(world, {options, table, command, std::cout, progress}, signals);
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  try {
    return skein::run(argc, argv);
  } catch (const std::exception& error) {
    return skein::refuse(error);
  }
}
