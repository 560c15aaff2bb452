#pragma once
// The pictures that the network got most wrong, from outputs/worst_images.json and the files beside it.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "launcher/report/problems.h"

namespace skein {

/// Null where there is no worst_images.json, else [{source (a data: URI), name, label, prediction, loss, probability,
/// label_probability}, ...]; what it does not say is null; at most `max_bytes` of picture files. Files outside of `outputs`, or of another format than
/// JPEG, PNG and GIF, are left out; that and what makes no sense becomes a problem.
nlohmann::json pictures_json(const std::filesystem::path& outputs, std::uint64_t max_bytes, Problems& problems);

}  // namespace skein
