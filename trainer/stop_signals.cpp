#include "trainer/stop_signals.h"

#include <csignal>
#include <optional>
#include <thread>

#include "runtime/process/deadline.h"

namespace skein {
namespace {

constexpr std::chrono::milliseconds kGraceForRankZero{500};
/// Slurm and mpirun may both pass a SIGUSR2 on, milliseconds apart, where the user sent one.
constexpr double kEchoSeconds = 2;

/// On a signal rank 0 records the cancellation at once, since mpirun kills a second later; the others leave
/// it the time. The signal may also be mpirun's answer to the failure of another rank.
void cancel_on_signal(World& world, RunJournal& journal, int signal_number) {
  const std::string cause = journal.cause().value_or(Cause{}).text;
  const Canceled canceled(signal_number, cause.substr(0, cause.find('\n')));
  if (world.rank() == 0)
    journal.cancel(canceled.what());
  else
    std::this_thread::sleep_for(kGraceForRankZero);
  try {
    throw canceled;  // so that the failure keeps its kind
  } catch (const Canceled& error) {
    world.fail(error);
  }
}

}  // namespace

void watch_signals(World& world, SignalWatch& signals, const std::shared_ptr<RunJournal>& journal,
                   const std::shared_ptr<StopRequest>& stop) {
  world.health().on_failure([journal](const std::exception& error) { journal->fail(error.what()); });
  struct First {
    int signal_number;
    Clock::time_point time;
  };
  signals.start([&world, journal, stop, first = std::optional<First>()](int signal_number) mutable {
    if (signal_number == SIGTERM) return cancel_on_signal(world, *journal, signal_number);
    stop->ask(signal_name(signal_number));
    if (!first) {
      first = First{signal_number, Clock::now()};
      return;
    }
    const bool is_echo =
        signal_number == SIGUSR2 && first->signal_number == SIGUSR2 && seconds_since(first->time) < kEchoSeconds;
    if (!is_echo) cancel_on_signal(world, *journal, signal_number);
  });
}

}  // namespace skein
