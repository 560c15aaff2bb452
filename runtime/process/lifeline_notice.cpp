#include "runtime/process/lifeline_notice.h"

namespace skein {

using Json = nlohmann::json;

std::string LifelineNotice::encoded() const {
  return Json{{"origin", origin}, {"number", number}, {"topic", topic}, {"content", content}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

std::optional<LifelineNotice> LifelineNotice::decoded(const std::string& message, int world_size) try {
  const Json parsed = Json::parse(message);
  LifelineNotice notice{parsed.at("origin"), parsed.at("number"), parsed.at("topic"), parsed.at("content")};
  if (notice.origin < 0 || notice.origin >= world_size || !notice.content.is_object()) return std::nullopt;
  return notice;
} catch (const Json::exception&) {
  return std::nullopt;
}

bool NoticesHeard::is_new(const LifelineNotice& notice) {
  constexpr std::size_t kRemembered = 1 << 16;
  const auto id = static_cast<std::uint64_t>(notice.origin) << 40 | notice.number;
  if (!seen_.insert(id).second) return false;
  seen_in_order_.push_back(id);
  if (seen_in_order_.size() > kRemembered) {
    seen_.erase(seen_in_order_.front());
    seen_in_order_.pop_front();
  }
  return true;
}

}  // namespace skein
