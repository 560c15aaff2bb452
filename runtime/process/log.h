#pragma once
// One line per event, with UTC time, level and rank; to standard error and, once a run exists, to the rank's own file.
// Formats nothing by template over spdlog: spdlog's headers stay in log.cpp, since its fmt and LibTorch's clash.
// Every function may be called from any thread.

#include <filesystem>
#include <string>
#include <string_view>

namespace skein {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// How this process logs. Before the first call: rank 0 of 1, warnings and errors to standard error.
struct LogOptions {
  int rank = 0;
  int world_size = 1;
  std::string host;                       ///< shown after the rank when several hosts take part
  std::filesystem::path file;             ///< empty: no file. Appended to; made with its directory.
  LogLevel file_level = LogLevel::kInfo;  ///< least severe level written to `file`
  LogLevel stderr_level = LogLevel::kWarning;
};

/// Replaces how this process logs. Throws StorageError when the file cannot be opened; then nothing has changed.
void configure_log(const LogOptions& options);

void log_message(LogLevel level, std::string_view message);
inline void log_debug(std::string_view message) {
  log_message(LogLevel::kDebug, message);
}
inline void log_info(std::string_view message) {
  log_message(LogLevel::kInfo, message);
}
inline void log_warning(std::string_view message) {
  log_message(LogLevel::kWarning, message);
}
inline void log_error(std::string_view message) {
  log_message(LogLevel::kError, message);
}

/// Writes buffered lines to the file and the kernel. Warnings and errors are flushed by themselves.
void flush_log();

/// "debug", "info", "warning", "error"; throws UsageError for anything else.
LogLevel parse_log_level(std::string_view name);

}  // namespace skein
