#pragma once
// Says in which options two ranks (or two runs) differ.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace skein {

struct OptionDifference {
  std::string flag;  ///< "--lr"
  std::string left;  ///< "0.1"; "(unset)" for null, "(unknown)" where the option is missing
  std::string right;
};

/// The options in which two objects made by OptionTable::values() or compared_values() differ, in the order
/// of their names.
std::vector<OptionDifference> compare_options(const nlohmann::json& left, const nlohmann::json& right);

/// "rank 1: --lr 0.2 --epochs 3, rank 0: --lr 0.1 --epochs 2"; empty when they agree.
std::string describe_option_difference(int left_rank, const nlohmann::json& left, int right_rank,
                                       const nlohmann::json& right);

/// An option's value as a person would type it: strings without quotes, lists with commas, "(unset)" for
/// null.
std::string option_text(const nlohmann::json& value);

}  // namespace skein
