#include "launcher/report/file_text.h"

#include <fstream>
#include <iterator>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

std::ifstream open(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open() || std::filesystem::is_directory(file))
    throw DataError(concat("cannot read ", file.string()), "check its permissions");
  return in;
}

}  // namespace

std::optional<std::string> file_text(const std::filesystem::path& file, std::uint64_t max_bytes) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::nullopt;
  std::ifstream in = open(file);
  const std::uint64_t num_bytes = std::filesystem::file_size(file, error);
  if (!error && num_bytes > max_bytes)
    throw DataError(concat(file.string(), " is left out: it has ", num_bytes, " bytes, more than ", max_bytes));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw DataError("cannot read " + file.string());
  return text;
}

std::string file_tail(const std::filesystem::path& file, std::uint64_t max_bytes) {
  std::ifstream in = open(file);
  in.seekg(0, std::ios::end);
  const auto num_bytes = static_cast<std::uint64_t>(in.tellg());
  const bool is_cut = num_bytes > max_bytes;
  in.seekg(is_cut ? static_cast<std::streamoff>(num_bytes - max_bytes) : 0);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::size_t line_end = text.find('\n');
  return is_cut && line_end != std::string::npos ? text.substr(line_end + 1) : text;
}

}  // namespace skein
