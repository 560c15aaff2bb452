#include "trainer/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iomanip>
#include <sstream>

#include "runtime/process/deadline.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr int kBarCells = 10;
constexpr double kSecondsBetweenDraws = 0.1;

std::string fixed(double value, int num_digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(num_digits) << value;
  return out.str();
}

std::string numbers_text(const StepProgress& progress) {
  return concat("loss ", fixed(progress.loss, 4), "  acc ", fixed(progress.accuracy, 1), " %  ",
                fixed(progress.images_per_second, 1), " images/s  left ", clock_text(progress.seconds_left));
}

double steady_seconds() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

bool is_terminal(const std::filesystem::path& descriptor) {
  std::error_code failure;
  const std::string target = std::filesystem::read_symlink(descriptor, failure);
  return !failure && (target.starts_with("/dev/pts/") || target.starts_with("/dev/tty"));
}

/// Open MPI gives local ranks a pseudo-terminal, whatever its own standard output is.
bool reaches_terminal(int descriptor) {
  if (isatty(descriptor) == 0) return false;
  if (launch_environment().launcher != LaunchEnvironment::Launcher::kOpenMpi) return true;
  return is_terminal(concat("/proc/", getppid(), "/fd/1"));
}

}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::clamp(seconds, 0.0, 1e12)));
  std::ostringstream out;
  out << std::setfill('0');
  if (whole >= 3600) out << whole / 3600 << ':' << std::setw(2);
  out << whole / 60 % 60 << ':' << std::setw(2) << whole % 60;
  return out.str();
}

std::string step_line(const StepProgress& progress) {
  return concat("epoch ", progress.epoch + 1, "/", progress.num_epochs, "  step ", progress.step, "/",
                progress.num_steps, "  ", numbers_text(progress));
}

std::string bar_line(const StepProgress& progress) {
  const auto filled = static_cast<int>(kBarCells * progress.step / std::max<std::int64_t>(progress.num_steps, 1));
  const std::string bar = std::string(filled, '#') + std::string(kBarCells - filled, '.');
  return concat(progress.epoch + 1, "/", progress.num_epochs, " [", bar, "] ", progress.step, "/", progress.num_steps,
                "  ", numbers_text(progress))
      .substr(0, 79);
}

std::string epoch_line(const EpochProgress& progress) {
  return concat("epoch ", progress.epoch + 1, "/", progress.num_epochs, "  train loss ", fixed(progress.train_loss, 4),
                " acc ", fixed(progress.train_accuracy, 1), " %  val loss ", fixed(progress.val_loss, 4), " acc ",
                fixed(progress.val_accuracy, 1), " %  ", progress.images_per_second > 0 ? fixed(progress.images_per_second, 1) + " images/s  " : "",
                clock_text(progress.seconds));
}

Progress::Progress(std::ostream& out, ProgressStyle style, int print_freq)
    : out_(out), style_(style), print_freq_(print_freq) {}

void Progress::step(const StepProgress& progress) {
  const bool is_last = progress.step == progress.num_steps;
  if (style_ == ProgressStyle::kPlain && (is_last || progress.step % print_freq_ == 0))
    out_ << step_line(progress) << std::endl;
  if (style_ == ProgressStyle::kBar && (is_last || steady_seconds() - last_drawn_ >= kSecondsBetweenDraws))
    draw_bar(progress);
}

void Progress::draw_bar(const StepProgress& progress) {
  const std::string line = bar_line(progress);
  const std::size_t num_stale = bar_width_ > line.size() ? bar_width_ - line.size() : 0;
  out_ << '\r' << line << std::string(num_stale, ' ') << std::flush;
  bar_width_ = line.size();
  last_drawn_ = steady_seconds();
}

void Progress::epoch_done(const EpochProgress& progress) {
  message(epoch_line(progress));
}

void Progress::message(const std::string& line) {
  if (style_ == ProgressStyle::kNone) return;
  if (bar_width_ > 0) out_ << '\r' << std::string(bar_width_, ' ') << '\r';
  bar_width_ = 0;
  out_ << line << std::endl;
}

ProgressStyle choose_progress_style(const std::string& name, int descriptor) {
  if (name == "bar") return ProgressStyle::kBar;
  if (name == "plain") return ProgressStyle::kPlain;
  if (name == "none") return ProgressStyle::kNone;
  if (name != "auto") throw UsageError("unknown --progress '" + name + "'", "use auto, bar, plain or none");
  return reaches_terminal(descriptor) ? ProgressStyle::kBar : ProgressStyle::kPlain;
}

}  // namespace skein
