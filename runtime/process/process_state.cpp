#include "runtime/process/process_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "runtime/process/file_descriptor.h"

namespace skein {

bool is_stopped(pid_t pid) {
  const FileDescriptor file(open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  std::array<char, 256> buffer{};
  const ssize_t length = read(file.get(), buffer.data(), buffer.size());
  if (length <= 0) return false;
  // "PID (name, which may hold anything) STATE ..."
  const std::string_view text(buffer.data(), static_cast<std::size_t>(length));
  const auto end_of_name = text.rfind(") ");
  return end_of_name != std::string_view::npos && end_of_name + 2 < text.size() &&
         (text[end_of_name + 2] == 'T' || text[end_of_name + 2] == 't');
}

}  // namespace skein
