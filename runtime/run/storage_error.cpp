#include "runtime/run/storage_error.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

std::string remedy_of(int error_number, std::string_view flags) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return concat("free some space or raise the quota, or choose another place with ", flags);
    case EACCES:
    case EPERM:
    case EROFS:
      return concat("choose a directory that you may write to with ", flags);
    case EFBIG:
      return "raise the limit on file sizes (ulimit -f)";
    case EMFILE:
    case ENFILE:
      return "raise the limit on open files (ulimit -n)";
    case ENOTDIR:
    case EEXIST:
      return concat("move the file that is in the way, or choose another place with ", flags);
    default:
      return concat("check the file system, or choose another place with ", flags);
  }
}

}  // namespace

void throw_storage_error(std::string_view action, const std::filesystem::path& path, int error_number,
                         std::string_view flags) {
  throw StorageError(concat("cannot ", action, " ", path.string(), ": ", std::strerror(error_number)),
                     remedy_of(error_number, flags));
}

}  // namespace skein
