#pragma once
// One HTML page that holds all it needs: styles, scripts and the data of its runs. It asks the network for nothing, and its
// content security policy forbids that it does.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "launcher/report/problems.h"
#include "runtime/run/run_directory.h"

namespace skein {

struct ReportPage {
  std::string html;
  Problems problems;  ///< what is missing on it, and why; it says so too
};

/// `version`: Skein's. Throws DataError where a run cannot be read. Memory: some times the page.
ReportPage report_page(const std::vector<RunDirectory>& runs, const std::string& version);

/// JSON inside of <script>: nothing in it can end the element.
std::string script_json(const nlohmann::json& value);

}  // namespace skein
