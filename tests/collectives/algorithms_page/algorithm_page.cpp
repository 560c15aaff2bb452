#include "tests/collectives/algorithms_page/algorithm_page.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <vector>

#include "collectives/algorithms.h"
#include "collectives/workload.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// The schedule of one rank of `n` for a buffer of `count` elements, from or to rank 0.
using Planner = std::function<Schedule(int rank, int n, std::size_t count)>;

const std::map<std::string, Planner>& planners() {
  const auto blocks = [](std::size_t count, int n) { return split_evenly(count, n); };
  static const std::map<std::string, Planner> kPlanners = {
      {"ring_reduce_scatter", [=](int r, int n, std::size_t c) { return ring_reduce_scatter(r, blocks(c, n)); }},
      {"ring_allgather", [=](int r, int n, std::size_t c) { return ring_allgather(r, blocks(c, n)); }},
      {"ring_allreduce", [=](int r, int n, std::size_t c) { return ring_allreduce(r, blocks(c, n)); }},
      {"recursive_doubling_allreduce", recursive_doubling_allreduce},
      {"doubling_allgather", [=](int r, int n, std::size_t c) { return doubling_allgather(r, blocks(c, n)); }},
      {"halving_reduce_scatter", [=](int r, int n, std::size_t c) { return halving_reduce_scatter(r, blocks(c, n)); }},
      {"halving_doubling_allreduce",
       [=](int r, int n, std::size_t c) { return halving_doubling_allreduce(r, blocks(c, n)); }},
      {"binomial_broadcast", [](int r, int n, std::size_t c) { return binomial_broadcast(r, n, 0, c); }},
      {"chain_broadcast", [](int r, int n, std::size_t c) { return chain_broadcast(r, n, 0, c); }},
      {"linear_gather",
       [=](int r, int n, std::size_t c) { return linear_gather(r, 0, blocks(c, n), {0, blocks(c, n)[r].count}); }},
      {"linear_scatter",
       [=](int r, int n, std::size_t c) { return linear_scatter(r, 0, blocks(c, n), {0, blocks(c, n)[r].count}); }},
      {"pairwise_alltoall",
       [=](int r, int n, std::size_t c) { return pairwise_alltoall(r, blocks(c, n), blocks(c, n)); }},
  };
  return kPlanners;
}

/// Up to two digits behind the point, none of them a useless zero.
std::string short_number(double value) {
  std::string text = concat(std::fixed, std::setprecision(2), value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// By the model, on links that cost only what is given; ranks on hosts of their own. `separate` as in WorkPart.
double model_seconds(const std::vector<Schedule>& plan, bool separate, double alpha, double beta,
                     std::size_t segment_bytes) {
  LinkProfile profile;
  profile.between_hosts = {alpha, beta, 0};
  profile.reduce_byte_seconds = 0;
  Workload workload;
  std::vector<int> hosts(plan.size());
  std::iota(hosts.begin(), hosts.end(), 0);
  for (const Schedule& schedule : plan) workload.push_back({{schedule, 1, separate}});
  return predict_seconds(workload, hosts, profile, segment_bytes);
}

std::string row(const Planner& planner, bool separate, int n) {
  const std::size_t count = static_cast<std::size_t>(n) << 14;
  std::vector<Schedule> plan;
  std::size_t most_steps = 0, most_messages = 0, least_sent = count * n, most_sent = 0;
  for (int rank = 0; rank < n; ++rank) {
    plan.push_back(planner(rank, n, count));
    const Schedule& schedule = plan.back();
    most_steps = std::max(most_steps, schedule.size());
    const auto num_messages = static_cast<std::size_t>(std::count_if(
        schedule.begin(), schedule.end(), [](const Step& step) { return step.send_to != kNobody; }));
    most_messages = std::max(most_messages, num_messages);
    least_sent = std::min(least_sent, elements_sent(schedule));
    most_sent = std::max(most_sent, elements_sent(schedule));
  }
  const auto of_buffer = [&](std::size_t sent) { return short_number(static_cast<double>(sent) / count); };
  const double per_byte = 1.0 / static_cast<double>(count);
  return concat("| ", n, " | ", most_steps, " | ", most_messages, " | ", of_buffer(least_sent), " | ",
                of_buffer(most_sent), " | ", std::lround(model_seconds(plan, separate, 1, 0, count)), " | ",
                short_number(model_seconds(plan, separate, 0, per_byte, count)), " | ",
                short_number(model_seconds(plan, separate, 0, per_byte, 64)), " |\n");
}

std::string table(const std::string& name) {
  static const std::set<std::string> kSeparate = {"linear_gather", "linear_scatter", "pairwise_alltoall"};
  std::string text =
      "| ranks | steps | messages | B sent, least | B sent, most | alphas in a row | B in a row, whole | "
      "B in a row, in segments |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const int n : {2, 3, 4, 7, 8, 16}) text += row(planners().at(name), kSeparate.count(name) != 0, n);
  return text;
}

/// A planner as the header declares it.
struct Declaration {
  std::string name;
  std::string comment;
};

std::vector<Declaration> declarations_of(const std::string& header) {
  std::vector<Declaration> all;
  std::istringstream lines(header);
  std::string comment;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("/// ")) {
      comment += line.substr(4) + "\n";
    } else if (line.starts_with("Schedule ")) {
      if (comment.empty()) comment = concat("As ", all.empty() ? "nothing before" : all.back().name, ".\n");
      all.push_back({line.substr(9, line.find('(') - 9), comment});
      comment.clear();
    } else if (line.empty()) {
      comment.clear();
    }
  }
  return all;
}

std::string bytes_text(std::size_t num_bytes) {
  return num_bytes % 1024 == 0 && num_bytes != 0 ? concat(num_bytes / 1024, " KiB") : concat(num_bytes, " bytes");
}

/// What the chooser picks, one line an operation.
std::string choices(const AlgorithmTable& table) {
  std::string text = "| operation | algorithm |\n|---|---|\n";
  for (const Operation operation : kOperationsWithChoice) {
    text += concat("| ", operation_name(operation), " | ");
    std::string separator;
    for (const AlgorithmTable::Entry& entry : table.entries(operation)) {
      text += separator + std::string(algorithm_name(entry.algorithm));
      if (entry.from_bytes != 0) text += " from " + bytes_text(entry.from_bytes);
      separator = ", ";
    }
    text += " |\n";
  }
  return text;
}

std::string all_choices() {
  std::string text =
      "\n## What is chosen\n\nBy the bytes of the whole buffer for broadcast, of a slice otherwise.\n";
  for (const int num_hosts : {2, 4}) {
    const Topology topology = Topology::of(std::vector<int>(num_hosts, 1));
    text += concat("\nWithout a profile, on ", num_hosts, " hosts:\n\n", choices(default_algorithms(topology)));
  }
  LinkProfile ethernet;
  ethernet.between_hosts = {20e-6, 8.4e-9, 8e-6};
  ethernet.within_host = {5e-6, 0.7e-9, 0.5e-6};
  ethernet.reduce_byte_seconds = 0.07e-9;
  text += "\nFor example, on 4 hosts of 2 ranks by a profile of 20 us, 8.4 ns/B (1 Gbit/s) and 8 us of overhead:\n\n";
  return text + choices(choose_algorithms(Topology::of({2, 2, 2, 2}), ethernet));
}

constexpr std::string_view kBegin = "<!-- from here on made by algorithms_page --write -->\n";
constexpr std::string_view kEnd = "<!-- up to here made by algorithms_page --write -->\n";

}  // namespace

std::string describe_algorithms(const std::string& header) {
  std::string text = "\n## The schedules\n";
  for (const Declaration& declared : declarations_of(header)) {
    if (planners().count(declared.name) == 0)
      throw Error(concat("collectives/algorithms.h declares ", declared.name, ", which this page does not know"),
                  "add it to planners() in algorithm_page.cpp");
    text += concat("\n### ", declared.name, "\n\n", declared.comment, "\n", table(declared.name));
  }
  return text + all_choices() + "\n";
}

std::string with_generated(const std::string& page, const std::string& generated) {
  const auto begin = page.find(kBegin);
  const auto end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    throw Error("the page lacks the marks between which its tables go");
  return page.substr(0, begin + kBegin.size()) + generated + page.substr(end);
}

}  // namespace skein
