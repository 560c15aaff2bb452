#include "tests/trainer/weights/python.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iostream>

#include "runtime/process/subprocess.h"

namespace skein::test {

bool run_python(const std::string& script, const std::vector<std::string>& arguments) {
  SubprocessOptions options;
  options.argv = {SKEIN_PYTHON, "-W", "ignore", std::string(SKEIN_TRAINER_TESTS) + "/" + script};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  const auto run = run_captured(options, Deadline::after(std::chrono::seconds(90)));
  EXPECT_TRUE(run.status.success()) << script << " ended with " << run.status.describe() << "\n"
                                    << run.standard_output << run.standard_error;
  if (run.status.success()) std::cout << run.standard_output;  // what it measured
  return run.status.success();
}

std::string TemporaryFolder::write(const std::string& name, const std::string& contents) const {
  std::ofstream(path(name), std::ios::binary) << contents;
  return path(name);
}

}  // namespace skein::test
