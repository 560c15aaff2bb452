// algorithms_page (--write | --check) PAGE HEADER: brings the tables of docs/algorithms.md up to date with the
// schedules, or says whether they are.

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "runtime/process/error.h"
#include "runtime/process/run_main.h"
#include "tests/collectives/algorithms_page/algorithm_page.h"

namespace {

std::string read(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw skein::DataError("cannot read " + file);
  return text.str();
}

int run(const std::string& mode, const std::string& page_file, const std::string& header_file) {
  const std::string page = read(page_file);
  const std::string current = skein::with_generated(page, skein::describe_algorithms(read(header_file)));
  if (mode == "--write") {
    std::ofstream(page_file) << current;
    return 0;
  }
  if (page == current) return 0;
  std::printf("%s is not what the schedules say; bring it up to date with\n  algorithms_page --write %s %s\n",
              page_file.c_str(), page_file.c_str(), header_file.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  return skein::run_main("algorithms_page", [&] {
    if (argc != 4 || (std::string(argv[1]) != "--write" && std::string(argv[1]) != "--check"))
      throw skein::UsageError("usage: algorithms_page --write|--check PAGE HEADER");
    return run(argv[1], argv[2], argv[3]);
  });
}
