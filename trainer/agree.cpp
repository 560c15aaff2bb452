#include "trainer/agree.h"

#include <nlohmann/json.hpp>
#include <set>

#include "collectives/objects.h"
#include "runtime/options/compare_options.h"
#include "runtime/options/option_table.h"
#include "runtime/process/fnv1a.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

struct Complaint {
  int code = 0;
  std::string message;
};

Complaint complaint_of(const std::function<void()>& check) {
  try {
    check();
    return {};
  } catch (const Error& error) {
    return {error.exit_code(), error.what()};
  } catch (const std::exception& error) {
    return {1, error.what()};
  }
}

std::string encode(const Complaint& complaint) {
  return complaint.code == 0 ? "" : concat(complaint.code, " ", complaint.message);
}

Complaint decode(const std::string& text) {
  return {std::stoi(text), text.substr(text.find(' ') + 1)};
}

/// A complaint of one rank alone stands without its name: the log line of that rank has it.
[[noreturn]] void refuse(const Topology& topology, const std::vector<std::string>& complaints) {
  std::vector<int> complainers;
  for (int rank = 0; rank < topology.world_size(); ++rank)
    if (!complaints[rank].empty()) complainers.push_back(rank);
  const Complaint first = decode(complaints[complainers.front()]);
  const bool all_alike = std::set(complaints.begin(), complaints.end()).size() == 1;
  if (all_alike || complainers.size() == 1) throw RefusedStart(first.message, first.code, complainers.front());
  std::string message;
  for (const int rank : complainers)
    message += concat(message.empty() ? "" : "\n", topology.describe(rank), ": ", decode(complaints[rank]).message);
  throw RefusedStart(message, first.code, complainers.front());
}

bool differ(const std::vector<std::string>& texts) {
  return std::set(texts.begin(), texts.end()).size() > 1;
}

}  // namespace

void check_on_all_ranks(Communicator& communicator, const std::function<void()>& check) {
  const std::vector<std::string> complaints = allgather_objects(communicator, encode(complaint_of(check)));
  for (const std::string& complaint : complaints)
    if (!complaint.empty()) refuse(communicator.topology(), complaints);
}

void check_same_options(Communicator& communicator, const nlohmann::json& compared) {
  if (!differ(allgather_objects(communicator, fnv1a_hex(compared.dump())))) return;
  const std::vector<std::string> all = allgather_objects(communicator, compared.dump());
  std::string message = "the ranks were started with different flags:";
  for (int rank = 1; rank < communicator.world_size(); ++rank)
    if (all[rank] != all[0])
      message +=
          "\n  " + describe_option_difference(rank, nlohmann::json::parse(all[rank]), 0, nlohmann::json::parse(all[0]));
  const MismatchError error(message, "give every rank the same flags and configuration file");
  throw RefusedStart(error.what(), error.exit_code(), 0);
}

void check_same_data(Communicator& communicator, const std::string& fingerprint, const std::string& summary) {
  const std::vector<std::string> fingerprints = allgather_objects(communicator, fingerprint);
  if (!differ(fingerprints)) return;
  const std::vector<std::string> summaries = allgather_objects(communicator, summary);
  std::string message = "the ranks see different images below --data-path:";
  for (int rank = 0; rank < communicator.world_size(); ++rank)
    message += concat("\n  ", communicator.topology().describe(rank), ": ", summaries[rank]);
  const MismatchError error(message, "give every host the same copy of the data");
  throw RefusedStart(error.what(), error.exit_code(), 0);
}

}  // namespace skein
