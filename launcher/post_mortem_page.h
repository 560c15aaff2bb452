#pragma once
// What `skein postmortem` prints, for people and for programs.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/trace/divergence.h"

namespace skein {

/// One sentence: who diverged, where, and how.
std::string verdict_of(const JobReport& job, const Divergence& divergence);
/// The verdict, what each rank did at the call, and the errors; ranks that are alike share a line.
std::string post_mortem_page(const JobReport& job, const Divergence& divergence);
/// Keys: directory, world_size, missing, kind, verdict, culprits, first_error (rank, host, time, kind, message; null when
/// there is none), ranks ([{rank, host, state, error_kind, error, call, waited_s}]) and, where there is one, call
/// ({communicator, sequence, text}).
nlohmann::json post_mortem_json(const JobReport& job, const Divergence& divergence);

}  // namespace skein
