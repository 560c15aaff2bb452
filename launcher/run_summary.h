#pragma once
// What the commands of `skein runs` print about a run, gathered once for people and for --json.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runtime/run/run_directory.h"

namespace skein {

/// Keys: run_id, experiment, path, state ("Unknown" for a run that cannot be read), reason, inferred,
/// created, ended (null while unfinished), duration_s (so far), metrics ({name: {last, min, max}}). Never
/// throws for a damaged run.
nlohmann::json summarize_run(const RunEntry& entry);

/// "2026-01-31 10:15:30" of "2026-01-31T10:15:30.482Z"; empty stays empty.
std::string readable_time(const std::string& utc);

/// "val/accuracy 0.93, val/loss 0.21": at most `num_shown` metrics, validation first.
std::string metrics_text(const nlohmann::json& metrics, std::size_t num_shown);

}  // namespace skein
