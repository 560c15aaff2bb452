#pragma once
// Turns errno into a StorageError that says what to do.

#include <filesystem>
#include <string_view>

namespace skein {

/// The flags of a program by which the place of a run is chosen.
inline constexpr std::string_view kFlagsOfRunPlaces = "--runs-dir or --output-dir";

/// Throws StorageError "cannot ACTION PATH: reason" with a remedy that fits the error number; `flags` choose another
/// place.
[[noreturn]] void throw_storage_error(std::string_view action, const std::filesystem::path& path, int error_number,
                                      std::string_view flags = kFlagsOfRunPlaces);

}  // namespace skein
