#pragma once
// What the commands that take long have in common.

#include <chrono>
#include <functional>
#include <string>

#include "runtime/options/option_table.h"

namespace skein {

/// Writes a line to standard error every ten seconds: "packing birds/train: 12000 of 50000 images, 3400 images/s".
class ProgressLines {
 public:
  explicit ProgressLines(std::string what);
  void operator()(size_t num_done, size_t num_all);
  /// Since it was made.
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point next_line_;
};

/// "3412 images/s"
std::string rate_text(size_t num_images, double seconds);

/// --workers,-j; 0 stands for one for each core that this process may use.
void add_workers_option(OptionTable& table, int& workers);
size_t num_workers(int workers);

}  // namespace skein
