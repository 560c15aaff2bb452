#include "launcher/host_list.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <sstream>

#include "runtime/options/spelling.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr const char* kLineRemedy = "write `name slots=N`; see hostfiles/README.md";

bool is_host_name(const std::string& name) {
  return !name.empty() && std::isalnum(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_'; });
}

/// Empty unless the whole text is a number of at least one.
std::optional<int> parse_count(const std::string& text) {
  int count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || stop != text.data() + text.size() || count < 1) return std::nullopt;
  return count;
}

/// One host line of a hostfile.
struct HostLine {
  Host host;
  int line = 0;
  int num_plain = 0;  ///< lines on which it stands alone
};

/// Reads the lines of one file and knows how to complain about them.
class HostfileReader {
 public:
  explicit HostfileReader(const std::filesystem::path& file) : file_(file) {}

  HostList read() {
    std::ifstream in(file_);
    std::error_code ignored;
    if (!in.is_open() || std::filesystem::is_directory(file_, ignored))
      throw ConfigError(concat("cannot read the hostfile ", file_.string()), "check the path given to --hostfile");
    for (std::string line; std::getline(in, line);) {
      ++line_;
      read_line(line.substr(0, line.find('#')));
    }
    if (hosts_.empty()) throw ConfigError(concat(file_.string(), ": no hosts"), kLineRemedy);
    HostList result;
    for (const HostLine& host : hosts_) result.push_back(host.host);
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& complaint, const std::string& remedy = kLineRemedy) const {
    throw ConfigError(concat(file_.string(), ":", line_, ": ", complaint), remedy);
  }

  void read_line(const std::string& line) {
    std::istringstream words(line);
    Host host;
    if (!(words >> host.name)) return;
    check_name(host.name);
    for (std::string word; words >> word;) read_setting(word, host);
    if (host.max_slots && !host.slots)
      refuse("max_slots without slots", concat("write `", host.name, " slots=N max_slots=", *host.max_slots, "`"));
    if (host.max_slots && *host.max_slots < *host.slots)
      refuse(concat("max_slots=", *host.max_slots, " is less than slots=", *host.slots));
    add(host);
  }

  void check_name(const std::string& name) const {
    if (name.find('@') != std::string::npos)
      refuse(concat("'", name, "': user names have no place here"), "set the user for the host in ~/.ssh/config");
    if (const auto colon = name.find(':'); colon != std::string::npos)
      refuse(concat("'", name, "' is no host name"),
             concat("write `", name.substr(0, colon), " slots=", name.substr(colon + 1), "`"));
    if (!is_host_name(name)) refuse(concat("'", name, "' is no host name"));
  }

  void read_setting(const std::string& word, Host& host) const {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == std::string::npos) refuse(concat("expected slots=N after the host, found '", word, "'"));
    const bool is_max = key == "max_slots" || key == "max-slots";
    if (!is_max && key != "slots")
      refuse(concat("unknown setting '", key, "'", did_you_mean(key, {"slots", "max_slots"})));
    std::optional<int>& count = is_max ? host.max_slots : host.slots;
    if (count) refuse(concat(key, " is given twice"));
    count = parse_count(word.substr(equals + 1));
    if (!count) refuse(concat("'", word, "': expected a number of at least 1"));
  }

  /// A name that stands alone on several lines, as `srun hostname` prints it, has one slot for each of them.
  void add(const Host& host) {
    const bool is_plain = !host.slots && !host.max_slots;
    const auto earlier =
        std::find_if(hosts_.begin(), hosts_.end(), [&](const HostLine& known) { return known.host.name == host.name; });
    if (earlier == hosts_.end()) return hosts_.push_back({host, line_, is_plain ? 1 : 0});
    if (!is_plain || earlier->num_plain == 0)
      refuse(concat("host ", host.name, " is already on line ", earlier->line), "keep one of the two lines");
    earlier->host.slots = ++earlier->num_plain;
  }

  std::filesystem::path file_;
  int line_ = 0;
  std::vector<HostLine> hosts_;
};

}  // namespace

HostList parse_hosts(const std::string& text) {
  HostList hosts;
  std::istringstream parts(text + ",");
  for (std::string part; std::getline(parts, part, ',');) {
    const auto colon = part.find(':');
    const std::string name = part.substr(0, colon);
    const auto slots = colon == std::string::npos ? std::optional<int>(1) : parse_count(part.substr(colon + 1));
    if (!is_host_name(name) || !slots)
      throw UsageError(concat("--host: '", part, "' is no host"), "write name:slots, separated by commas: a:2,b:2");
    const auto known = std::find_if(hosts.begin(), hosts.end(), [&](const Host& host) { return host.name == name; });
    if (known == hosts.end())
      hosts.push_back({name, slots, std::nullopt});
    else
      known->slots = *known->slots + *slots;
  }
  return hosts;
}

HostList read_hostfile(const std::filesystem::path& file) {
  return HostfileReader(file).read();
}

std::optional<int> total_slots(const HostList& hosts) {
  int total = 0;
  for (const Host& host : hosts) {
    if (!host.slots) return std::nullopt;
    total += *host.slots;
  }
  return total;
}

}  // namespace skein
