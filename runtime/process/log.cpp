#include "runtime/process/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <vector>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

std::string pattern(const LogOptions& options) {
  std::string where = concat("rank ", options.rank);
  if (!options.host.empty()) where += " " + options.host;
  return "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ [" + where + "] %v";
}

std::shared_ptr<spdlog::logger> make_logger(const LogOptions& options) {
  auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  console->set_level(to_spdlog(options.stderr_level));
  std::vector<spdlog::sink_ptr> sinks{console};
  if (!options.file.empty()) {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file.string(), /*truncate=*/false);
    file->set_level(to_spdlog(options.file_level));
    sinks.push_back(file);
  }
  auto logger = std::make_shared<spdlog::logger>("skein", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::warn);
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern(options), spdlog::pattern_time_type::utc));
  return logger;
}

/// The process's one logger. A logger is process-wide by nature, as standard error is.
class ProcessLogger {
 public:
  static ProcessLogger& get() {
    static ProcessLogger* logger = new ProcessLogger;  // never destroyed: threads may log while the process ends
    return *logger;
  }
  void replace(std::shared_ptr<spdlog::logger> next) {
    std::lock_guard lock(mutex_);
    logger_ = std::move(next);
  }
  std::shared_ptr<spdlog::logger> current() {
    std::lock_guard lock(mutex_);
    return logger_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<spdlog::logger> logger_ = make_logger({});
};

}  // namespace

void configure_log(const LogOptions& options) {
  try {
    ProcessLogger::get().replace(make_logger(options));
  } catch (const spdlog::spdlog_ex& error) {
    throw StorageError(concat("cannot open the log file ", options.file.string(), ": ", error.what()),
                       "choose a writable --runs-dir");
  }
}

void log_message(LogLevel level, std::string_view message) {
  ProcessLogger::get().current()->log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

void flush_log() {
  ProcessLogger::get().current()->flush();
}

LogLevel parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  throw UsageError(concat("unknown log level '", name, "'"), "use debug, info, warning or error");
}

}  // namespace skein
