#pragma once
// Checks at the start, after which all ranks go on or all leave, with one message instead of one for each
// rank.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "collectives/communicator.h"
#include "runtime/process/error.h"

namespace skein {

/// Why a job did not start. Thrown on all ranks alike, so that they can leave in order; one of them says why.
class RefusedStart : public Error {
 public:
  RefusedStart(const std::string& message, int code, int reporter) : Error(message), code_(code), reporter_(reporter) {}
  int exit_code() const override { return code_; }
  const char* kind() const override { return "RefusedStart"; }
  /// The rank that reports the error.
  int reporter() const { return reporter_; }

 private:
  int code_;
  int reporter_;
};

/// Runs `check` on every rank. Where it throws on any, throws RefusedStart on all: with the exit code of the
/// first rank concerned and its message, which names the ranks where several say different things.
/// Collective.
void check_on_all_ranks(Communicator& communicator, const std::function<void()>& check);

/// Throws RefusedStart (MismatchError's code) on all ranks, naming every rank that differs from rank 0 and
/// its flags, unless all ranks have the same options: `compared`, made by OptionTable::compared_values().
/// Collective.
void check_same_options(Communicator& communicator, const nlohmann::json& compared);

/// The same for a description of the data: `fingerprint` is compared, `summary` is shown.
void check_same_data(Communicator& communicator, const std::string& fingerprint, const std::string& summary);

}  // namespace skein
