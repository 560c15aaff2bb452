#pragma once
// Reads a YAML (or JSON) file of options into settings that remember their places.

#include <filesystem>
#include <vector>

#include "runtime/options/raw_setting.h"

namespace skein {

/// The file's settings in order. The file must be one mapping from names to scalars, null or lists of
/// scalars; an empty file is none. Throws ConfigError with file:line:column for anything else.
std::vector<RawSetting> read_config_file(const std::filesystem::path& file);

}  // namespace skein
