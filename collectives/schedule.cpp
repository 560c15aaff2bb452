#include "collectives/schedule.h"

namespace skein {

void renumber(Schedule& schedule, std::span<const int> ranks) {
  for (Step& step : schedule) {
    if (step.send_to != kNobody) step.send_to = ranks[step.send_to];
    if (step.recv_from != kNobody) step.recv_from = ranks[step.recv_from];
  }
}

std::size_t elements_sent(const Schedule& schedule) {
  std::size_t total = 0;
  for (const Step& step : schedule)
    if (step.send_to != kNobody) total += step.send.count;
  return total;
}

std::vector<Range> consecutive(std::span<const std::size_t> counts) {
  std::vector<Range> blocks;
  std::size_t begin = 0;
  for (const std::size_t count : counts) {
    blocks.push_back({begin, count});
    begin += count;
  }
  return blocks;
}

std::vector<Range> split_evenly(std::size_t count, int num_chunks) {
  std::vector<std::size_t> counts(num_chunks, count / num_chunks);
  for (std::size_t i = 0; i < count % num_chunks; ++i) ++counts[i];
  return consecutive(counts);
}

}  // namespace skein
