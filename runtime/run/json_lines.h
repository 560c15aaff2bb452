#pragma once
// Reads files of one JSON object a line, as a writer that may be killed at any byte leaves them.

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>

namespace skein {

/// Calls `visit` for each object, in order, and returns how many lines were none. A torn last line is not
/// counted: the writer may be at work on it. A missing file has no lines. Throws DataError when the file
/// cannot be read.
std::size_t read_json_lines(const std::filesystem::path& file, const std::function<void(const nlohmann::json&)>& visit);

}  // namespace skein
