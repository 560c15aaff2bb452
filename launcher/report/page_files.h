#pragma once
// The files of launcher/report/page/, as they were when Skein was built (cmake/EmbedFiles.cmake).

#include <string_view>

namespace skein {

/// Empty for a name that is not there.
std::string_view page_file(std::string_view name);

}  // namespace skein
