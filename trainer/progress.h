#pragma once
// What the person in front of the terminal sees while training runs: a bar that is redrawn, or plain lines.

#include <cstdint>
#include <ostream>
#include <string>

namespace skein {

enum class ProgressStyle { kNone, kPlain, kBar };

/// How the training stands after a step.
struct StepProgress {
  int epoch = 0;  ///< 0-based
  int num_epochs = 1;
  std::int64_t step = 0;         ///< steps done in this epoch
  std::int64_t num_steps = 1;    ///< of an epoch
  double loss = 0;               ///< mean of this epoch so far, over all ranks
  double accuracy = 0;           ///< likewise, in per cent
  double images_per_second = 0;  ///< of all ranks together
  double seconds_left = 0;       ///< of the whole training
};

/// What an epoch came to.
struct EpochProgress {
  int epoch = 0;  ///< 0-based
  int num_epochs = 1;
  double train_loss = 0;
  double train_accuracy = 0;  ///< per cent
  double val_loss = 0;
  double val_accuracy = 0;       ///< per cent
  double images_per_second = 0;  ///< of all ranks together, while training; 0: nothing was left to train
  double seconds = 0;            ///< of the epoch, evaluation included
};

/// Pure texts, without line ends. The bar fits into 79 columns.
std::string step_line(const StepProgress& progress);
std::string bar_line(const StepProgress& progress);
std::string epoch_line(const EpochProgress& progress);
/// "0:07", "12:34", "3:04:05"
std::string clock_text(double seconds);

/// Writes to `out`, which must outlive it; used by rank 0 alone, from one thread.
class Progress {
 public:
  /// A plain line appears every `print_freq` steps and after the last step of an epoch; a bar at most ten
  /// times a second.
  Progress(std::ostream& out, ProgressStyle style, int print_freq);
  void step(const StepProgress& progress);
  void epoch_done(const EpochProgress& progress);
  /// A line of its own, whatever is on display.
  void message(const std::string& line);

 private:
  void draw_bar(const StepProgress& progress);

  std::ostream& out_;
  ProgressStyle style_;
  int print_freq_;
  double last_drawn_ = 0;      // seconds on a steady clock
  std::size_t bar_width_ = 0;  // columns now covered by the bar
};

/// "auto", "bar", "plain" or "none". Auto means a bar where `descriptor`, standard output, reaches a
/// terminal. Under mpirun it always looks so to a rank, and the launcher's own standard output is looked at
/// instead.
ProgressStyle choose_progress_style(const std::string& name, int descriptor);

}  // namespace skein
