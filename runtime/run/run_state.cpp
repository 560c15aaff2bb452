#include "runtime/run/run_state.h"

#include <array>

namespace skein {
namespace {

constexpr std::array kNames = {"NotStarted", "Starting", "Preparing", "Running",      "Finalizing",
                               "Completed",  "Failed",   "Canceled",  "Preempted",    "NotResponding"};

}  // namespace

const char* state_name(RunState state) {
  return kNames.at(static_cast<std::size_t>(state));
}

std::optional<RunState> parse_state(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (name == kNames[i]) return static_cast<RunState>(i);
  return std::nullopt;
}

bool is_final(RunState state) {
  return state == RunState::kCompleted || state == RunState::kFailed || state == RunState::kCanceled ||
         state == RunState::kPreempted;
}

bool is_legal_transition(RunState from, RunState to) {
  if (is_final(from) || from == RunState::kNotResponding || to == RunState::kNotResponding) return false;
  if (to == RunState::kFailed || to == RunState::kCanceled || to == RunState::kPreempted) return true;
  if (to == RunState::kCompleted) return from == RunState::kFinalizing;
  return to > from;
}

}  // namespace skein
