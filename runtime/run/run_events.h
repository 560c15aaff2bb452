#pragma once
// A run as TensorBoard sees it.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "runtime/run/event_file.h"
#include "runtime/run/metric_table.h"
#include "runtime/run/run_state.h"

namespace skein {

/// One attempt's event file: its command line as text, its parameters and end for the HParams tab, its values and pictures. Use from
/// one thread. All functions but end() throw StorageError.
class RunEvents {
 public:
  /// `facts`: of the run, of which command and parameters are written. `name`: by which the HParams tab lists it.
  RunEvents(const std::filesystem::path& directory, const std::string& name, const nlohmann::json& facts,
            std::optional<std::int64_t> continue_at_step);
  void log(const std::string& name, const MetricPoint& point);
  void log_picture(const std::string& name, const EncodedPicture& picture, std::int64_t step);
  /// `text` is Markdown.
  void log_text(const std::string& name, const std::string& text, std::int64_t step);
  /// What cannot be written is said in the log: the run's state is recorded elsewhere.
  void end(RunState state) noexcept;

 private:
  EventFile file_;
};

}  // namespace skein
