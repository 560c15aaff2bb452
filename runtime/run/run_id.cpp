#include "runtime/run/run_id.h"

#include <algorithm>
#include <cctype>
#include <random>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"

namespace skein {
namespace {

constexpr std::string_view kTailLetters = "0123456789abcdefghjkmnpqrstvwxyz";  // no i, l, o, u: easy to read out
constexpr std::size_t kMaxNameLength = 128;

bool is_name_character(unsigned char c) {
  return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
}

}  // namespace

std::string make_run_id() {
  const std::string utc = utc_text(unix_seconds());  // 2026-01-31T10:15:30.482Z
  std::string digits;
  std::copy_if(utc.begin(), utc.end(), std::back_inserter(digits),
               [](unsigned char c) { return std::isdigit(c) != 0; });
  std::string id = digits.substr(0, 8) + "-" + digits.substr(8, 6) + "-" + digits.substr(14, 3) + "-";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> letter(0, kTailLetters.size() - 1);
  for (int i = 0; i < 4; ++i) id += kTailLetters[letter(random)];
  return id;
}

void check_directory_name(const std::string& flag, const std::string& name) {
  const bool fits = !name.empty() && name.size() <= kMaxNameLength &&
                    std::isalnum(static_cast<unsigned char>(name[0])) &&
                    std::all_of(name.begin(), name.end(), is_name_character);
  if (!fits)
    throw UsageError(concat(flag, ": '", name, "' cannot name a directory"),
                     "use up to 128 letters, digits, dots, dashes and underscores, beginning with a letter or digit");
}

}  // namespace skein
