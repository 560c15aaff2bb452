#pragma once
// The states of a run and the order in which it may pass through them.

#include <optional>
#include <string>
#include <string_view>

namespace skein {

enum class RunState {
  kNotStarted,  ///< the directory exists, nobody works on it yet
  kStarting,    ///< the processes have started
  kPreparing,   ///< data, model, communicator
  kRunning,
  kFinalizing,     ///< outputs are collected
  kCompleted,      ///< final: all done, outputs included
  kFailed,         ///< final
  kCanceled,       ///< final: somebody wanted it to stop
  kPreempted,      ///< final, unless the run is continued: it was asked to stop and has saved where it stands
  kNotResponding,  ///< never recorded: a reader's finding that no sign of life has come for too long
};

/// "NotStarted", "Starting", ...
const char* state_name(RunState state);
std::optional<RunState> parse_state(std::string_view name);

/// Completed, Failed, Canceled or Preempted: nothing follows, unless the run is continued.
bool is_final(RunState state);

/// Whether a run may go from one state to another: forward in the order above (steps may be left out, but
/// only Finalizing leads to Completed), or from any unfinished state to Failed, Canceled or Preempted.
bool is_legal_transition(RunState from, RunState to);

}  // namespace skein
