#include "runtime/process/error.h"

namespace skein {

Error::Error(const std::string& message, const std::string& remedy)
    : std::runtime_error(remedy.empty() ? message : message + "\n  remedy: " + remedy) {}

}  // namespace skein
