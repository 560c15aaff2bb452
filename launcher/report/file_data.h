#pragma once
// The files of a run, and the ends of its ranks' logs.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "launcher/report/problems.h"

namespace skein {

/// [[name relative to the run, bytes], ...], sorted; of many the first ones, with a problem.
nlohmann::json files_json(const std::filesystem::path& run, Problems& problems);

/// [{name, text, is_cut}, ...] of logs/, sorted; of many the first ones, with a problem.
nlohmann::json logs_json(const std::filesystem::path& run, Problems& problems);

}  // namespace skein
