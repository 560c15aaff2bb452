#pragma once
// What ranks tell each other over their lifelines, and how each hears it once.

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

namespace skein {

/// Something that one rank has to say to all others.
struct LifelineNotice {
  int origin = 0;            ///< rank
  std::uint64_t number = 0;  ///< among those of its origin
  std::string topic;
  nlohmann::json content;  ///< an object

  /// Text that is not valid UTF-8 arrives with replacements.
  std::string encoded() const;
  /// Empty for what no rank of a world of `world_size` would send.
  static std::optional<LifelineNotice> decoded(const std::string& message, int world_size);
};

/// Remembers the last notices, which arrive by several ways.
class NoticesHeard {
 public:
  bool is_new(const LifelineNotice& notice);

 private:
  std::set<std::uint64_t> seen_;
  std::deque<std::uint64_t> seen_in_order_;
};

}  // namespace skein
