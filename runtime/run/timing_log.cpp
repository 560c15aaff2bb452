#include "runtime/run/timing_log.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/run/json_lines.h"

namespace skein {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Nothing where the line is no timing.
std::optional<RankTiming> timing_of(const json& line) try {
  RankTiming timing{line.at("epoch"), line.at("step"), line.at("num_steps"), line.at("time"), {}};
  for (const auto& [phase, seconds] : line.at("seconds").items())
    timing.phases.push_back({phase, seconds.get<std::vector<double>>()});
  for (const PhaseSeconds& phase : timing.phases)
    if (phase.by_rank.size() != timing.num_ranks()) return std::nullopt;
  return timing.num_ranks() > 0 ? std::optional(timing) : std::nullopt;
} catch (const json::exception&) {
  return std::nullopt;
}

double rounded(double seconds, double parts) {
  return std::round(seconds * parts) / parts;
}

}  // namespace

std::string timing_line(const RankTiming& timing) {
  ordered_json line;
  line["epoch"] = timing.epoch;
  line["step"] = timing.step;
  line["num_steps"] = timing.num_steps;
  line["time"] = rounded(timing.time, 1e3);
  for (const PhaseSeconds& phase : timing.phases) {
    ordered_json& by_rank = line["seconds"][phase.phase] = ordered_json::array();
    for (const double seconds : phase.by_rank) by_rank.push_back(rounded(seconds, 1e6));
  }
  return line.dump();
}

TimingLogContents read_timing_log(const std::filesystem::path& file) {
  TimingLogContents contents;
  std::size_t num_other = 0;
  contents.num_bad_lines = read_json_lines(file, [&](const json& line) {
    std::optional<RankTiming> timing = timing_of(line);
    timing ? contents.epochs.push_back(std::move(*timing)) : void(++num_other);
  });
  contents.num_bad_lines += num_other;
  return contents;
}

}  // namespace skein
