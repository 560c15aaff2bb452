#include "runtime/run/json_lines.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

std::size_t read_json_lines(const std::filesystem::path& file,
                            const std::function<void(const nlohmann::json&)>& visit) {
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open()) {
    if (!std::filesystem::exists(file)) return 0;
    throw DataError(concat("cannot read ", file.string()), "check its permissions");
  }
  std::size_t num_bad = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    const auto object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (object.is_object())
      visit(object);
    else if (!in.eof())
      ++num_bad;
  }
  return num_bad;
}

}  // namespace skein
