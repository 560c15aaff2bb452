#include "collectives/schedule.h"

namespace skein {

std::size_t elements_sent(const Schedule& schedule) {
  std::size_t total = 0;
  for (const Step& step : schedule)
    if (step.send_to != kNobody) total += step.send.count;
  return total;
}

std::vector<Range> split_evenly(std::size_t count, int num_chunks) {
  std::vector<Range> chunks;
  const std::size_t base = count / num_chunks;
  const std::size_t larger = count % num_chunks;
  std::size_t begin = 0;
  for (int i = 0; i < num_chunks; ++i) {
    const std::size_t length = base + (static_cast<std::size_t>(i) < larger ? 1 : 0);
    chunks.push_back({begin, length});
    begin += length;
  }
  return chunks;
}

}  // namespace skein
