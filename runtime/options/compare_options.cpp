#include "runtime/options/compare_options.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/process/text.h"

namespace skein {
namespace {

using nlohmann::json;

std::string flag_of(const std::string& key) {
  std::string flag = "--" + key;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string text_of(const json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() ? "(unknown)" : option_text(*found);
}

}  // namespace

std::string option_text(const json& value) {
  if (value.is_null()) return "(unset)";
  if (value.is_string()) return value.get<std::string>().empty() ? "''" : value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const json& element : value) text += (text.empty() ? "" : ",") + option_text(element);
  return text.empty() ? "''" : text;
}

std::vector<OptionDifference> compare_options(const json& left, const json& right) {
  std::set<std::string> keys;
  for (const json* side : {&left, &right})
    for (const auto& [key, value] : side->items()) keys.insert(key);
  std::vector<OptionDifference> differences;
  for (const std::string& key : keys) {
    if (left.contains(key) && right.contains(key) && left.at(key) == right.at(key)) continue;
    differences.push_back({flag_of(key), text_of(left, key), text_of(right, key)});
  }
  return differences;
}

std::string describe_option_difference(int left_rank, const json& left, int right_rank, const json& right) {
  std::string on_left, on_right;
  for (const OptionDifference& difference : compare_options(left, right)) {
    on_left += concat(" ", difference.flag, " ", difference.left);
    on_right += concat(" ", difference.flag, " ", difference.right);
  }
  if (on_left.empty()) return "";
  return concat("rank ", left_rank, ":", on_left, ", rank ", right_rank, ":", on_right);
}

}  // namespace skein
