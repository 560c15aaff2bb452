#include "runtime/options/tune_options.h"

namespace skein {

void TuneOptions::declare(OptionTable& table) {
  table.group("Measurement");
  table.add("--output,-o", output, "the profile, written on the first host").unit("FILE");
  table.add("--repeats", repeats, "times that each measurement is made").at_least(1).unit("N");
  table.add("--max-bytes", max_bytes, "largest buffer with which the profile is tried out").at_least(1024).unit("BYTES");
}

std::vector<std::string> TuneOptions::words() const {
  return {"--output", output.string(), "--repeats", std::to_string(repeats), "--max-bytes", std::to_string(max_bytes)};
}

}  // namespace skein
