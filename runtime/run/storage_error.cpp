#include "runtime/run/storage_error.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

std::string remedy_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "free some space or raise the quota, or choose another place with --runs-dir or --output-dir";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a directory that you may write to with --runs-dir or --output-dir";
    case EFBIG:
      return "raise the limit on file sizes (ulimit -f)";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    case ENOTDIR:
    case EEXIST:
      return "move the file that is in the way, or choose another --runs-dir or --output-dir";
    default:
      return "check the file system, or choose another place with --runs-dir or --output-dir";
  }
}

}  // namespace

void throw_storage_error(std::string_view action, const std::filesystem::path& path, int error_number) {
  throw StorageError(concat("cannot ", action, " ", path.string(), ": ", std::strerror(error_number)),
                     remedy_of(error_number));
}

}  // namespace skein
