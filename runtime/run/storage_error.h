#pragma once
// Turns errno into a StorageError that says what to do.

#include <filesystem>
#include <string_view>

namespace skein {

/// Throws StorageError "cannot ACTION PATH: reason" with a remedy that fits the error number.
[[noreturn]] void throw_storage_error(std::string_view action, const std::filesystem::path& path, int error_number);

}  // namespace skein
