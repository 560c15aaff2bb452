#include "runtime/process/run_main.h"

#include <iostream>

#include "runtime/process/error.h"

namespace skein {

int run_main(const std::string& program, const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    std::cerr << program << ": " << error.what() << std::endl;
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << program << ": unexpected: " << error.what() << std::endl;
    return 1;
  }
}

}  // namespace skein
