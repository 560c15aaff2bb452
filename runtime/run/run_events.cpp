#include "runtime/run/run_events.h"

#include <nlohmann/json.hpp>

#include "runtime/process/log.h"
#include "runtime/process/shell_text.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"

namespace skein {
namespace {

using nlohmann::json;

/// `facts` may be null.
json fact(const json& facts, const char* name, json otherwise) {
  return facts.is_object() ? facts.value(name, std::move(otherwise)) : otherwise;
}

}  // namespace

RunEvents::RunEvents(const std::filesystem::path& directory, const std::string& name, const json& facts,
                     std::optional<std::int64_t> continue_at_step)
    : file_(directory) {
  const std::int64_t step = continue_at_step.value_or(0);
  const double now = unix_seconds();
  if (continue_at_step) file_.add_restart(step + 1);
  const auto words = fact(facts, "command", json::array()).get<std::vector<std::string>>();
  if (const std::string command = shell_quoted(words); !command.empty())
    file_.add_summary(text_summary("command", "    " + command), step, now);  // four spaces: Markdown's code
  file_.add_summary(session_start_summary(fact(facts, "parameters", json::object()), name, now), step, now);
}

void RunEvents::log(const std::string& name, const MetricPoint& point) {
  file_.add_summary(scalar_summary(name, point.value), point.step, point.time);
}

void RunEvents::log_picture(const std::string& name, const EncodedPicture& picture, std::int64_t step) {
  file_.add_summary(image_summary(name, picture), step, unix_seconds());
}

void RunEvents::log_text(const std::string& name, const std::string& text, std::int64_t step) {
  file_.add_summary(text_summary(name, text), step, unix_seconds());
}

void RunEvents::end(RunState state) noexcept try {
  const double now = unix_seconds();
  file_.add_summary(session_end_summary(state, now), 0, now);
} catch (const std::exception& error) {
  log_error(concat("TensorBoard will not know how the run ended: ", error.what()));
}

}  // namespace skein
