#include "launcher/report/timing_data.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>

#include "launcher/report/curve_data.h"

namespace skein {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxShown = 64;     // ranks
constexpr std::size_t kMaxEpochs = 400;
/// Those that the trainer writes, in the order of a step; others follow.
constexpr std::array<std::string_view, 8> kOrder = {"input",     "compute",    "gradient_wait", "agreement",
                                                    "optimizer", "evaluation", "checkpoint",    "other"};
/// What a rank does by itself. It keeps the others waiting by these.
bool is_own_work(const std::string& phase) {
  return phase == "input" || phase == "compute";
}

std::vector<std::string> phases_of(const std::vector<RankTiming>& timings) {
  std::vector<std::string> names;
  for (const RankTiming& timing : timings)
    for (const PhaseSeconds& phase : timing.phases)
      if (std::count(names.begin(), names.end(), phase.phase) == 0) names.push_back(phase.phase);
  const auto place = [](const std::string& name) { return std::find(kOrder.begin(), kOrder.end(), name) - kOrder.begin(); };
  std::stable_sort(names.begin(), names.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return names;
}

/// [num_ranks] of one record; zeros where it has no such phase.
std::vector<double> seconds_in(const RankTiming& timing, const std::string& phase) {
  for (const PhaseSeconds& known : timing.phases)
    if (known.phase == phase) return known.by_rank;
  return std::vector<double>(timing.num_ranks());
}

std::vector<double> own_seconds(const RankTiming& timing) {
  std::vector<double> own(timing.num_ranks());
  for (const PhaseSeconds& phase : timing.phases)
    if (is_own_work(phase.phase))
      std::transform(own.begin(), own.end(), phase.by_rank.begin(), own.begin(), std::plus<>());
  return own;
}

/// Of an even number of values, the lower one of the two in the middle: of two ranks the faster one.
double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

json epoch_json(const RankTiming& timing, const std::vector<std::string>& phases) {
  json mean = json::array();
  for (const std::string& phase : phases) {
    const std::vector<double> seconds = seconds_in(timing, phase);
    mean.push_back(short_number(std::accumulate(seconds.begin(), seconds.end(), 0.0) / static_cast<double>(seconds.size())));
  }
  const std::vector<double> own = own_seconds(timing);
  const auto slowest = std::max_element(own.begin(), own.end());
  return {{"epoch", timing.epoch},
          {"num_steps", timing.num_steps},
          {"mean", mean},
          {"slowest", slowest - own.begin()},
          {"own", short_number(*slowest)},
          {"own_median", short_number(median(own))}};
}

/// Over all records of as many ranks as the last one has.
RankTiming total_of(const std::vector<RankTiming>& timings, const std::vector<std::string>& phases) {
  RankTiming total;
  const std::size_t num_ranks = timings.back().num_ranks();
  for (const std::string& phase : phases) total.phases.push_back({phase, std::vector<double>(num_ranks)});
  for (const RankTiming& timing : timings) {
    if (timing.num_ranks() != num_ranks) continue;
    for (PhaseSeconds& sum : total.phases) {
      const std::vector<double> seconds = seconds_in(timing, sum.phase);
      std::transform(sum.by_rank.begin(), sum.by_rank.end(), seconds.begin(), sum.by_rank.begin(), std::plus<>());
    }
  }
  return total;
}

/// All ranks, or those of the most and of the least work.
std::vector<std::size_t> shown_ranks(const std::vector<double>& own) {
  std::vector<std::size_t> ranks(own.size());
  std::iota(ranks.begin(), ranks.end(), std::size_t{0});
  if (ranks.size() <= kMaxShown) return ranks;
  std::stable_sort(ranks.begin(), ranks.end(), [&](auto a, auto b) { return own[a] > own[b]; });
  ranks.erase(ranks.begin() + kMaxShown / 2, ranks.end() - kMaxShown / 2);
  std::sort(ranks.begin(), ranks.end());
  return ranks;
}

}  // namespace

json timing_json(const std::vector<RankTiming>& timings) {
  if (timings.empty()) return nullptr;
  const std::vector<std::string> phases = phases_of(timings);
  const RankTiming total = total_of(timings, phases);
  json result{{"phases", phases}, {"num_ranks", total.num_ranks()}, {"ranks", json::array()}, {"epochs", json::array()}};
  const std::vector<double> own = own_seconds(total);
  result["own_median"] = short_number(median(own));
  result["shown"] = shown_ranks(own);
  for (const std::size_t rank : shown_ranks(own)) {
    json seconds = json::array();
    for (const PhaseSeconds& phase : total.phases) seconds.push_back(short_number(phase.by_rank[rank]));
    result["ranks"].push_back(seconds);
  }
  const std::size_t first = timings.size() - std::min(timings.size(), kMaxEpochs);
  for (std::size_t i = first; i < timings.size(); ++i) result["epochs"].push_back(epoch_json(timings[i], phases));
  return result;
}

}  // namespace skein
