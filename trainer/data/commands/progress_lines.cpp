#include "trainer/data/commands/progress_lines.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <thread>
#include <utility>

#include "runtime/process/text.h"

namespace skein {

namespace {

constexpr std::chrono::seconds kInterval{10};

}  // namespace

ProgressLines::ProgressLines(std::string what) : what_(std::move(what)), next_line_(started_ + kInterval) {}

void ProgressLines::operator()(size_t num_done, size_t num_all) {
  const auto now = Clock::now();
  if (now < next_line_) return;
  next_line_ = now + kInterval;
  std::cerr << what_ << ": " << num_done << " of " << num_all << " images, " << rate_text(num_done, seconds()) << "\n";
}

double ProgressLines::seconds() const {
  return std::chrono::duration<double>(Clock::now() - started_).count();
}

std::string rate_text(size_t num_images, double seconds) {
  return concat(std::llround(static_cast<double>(num_images) / std::max(seconds, 1e-6)), " images/s");
}

void add_workers_option(OptionTable& table, int& workers) {
  table.add("--workers,-j", workers, "threads; 0: one for each core").range(0, 1024);
}

size_t num_workers(int workers) {
  return workers > 0 ? static_cast<size_t>(workers) : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace skein
