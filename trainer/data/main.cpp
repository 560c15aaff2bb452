// skein-data (run as `skein data`): prepares the image folders that `trainer` reads.

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/run_main.h"
#include "runtime/process/text.h"
#include "trainer/data/import/import_idx.h"

namespace skein {
namespace {

constexpr const char* kHelp =
    "Usage: skein-data COMMAND [OPTIONS]\n"
    "\n"
    "Prepares the image folders that the trainer reads.\n"
    "\n"
    "Commands\n"
    "  import-idx    turn IDX files (MNIST, Fashion-MNIST) into a folder of images\n"
    "\n"
    "skein-data COMMAND --help shows the options of a command.\n";

constexpr const char* kImportExample =
    "\n"
    "Example: ten pictures of each of two classes, then the ten that follow them\n"
    "  F=/usr/share/datasets/fashion-mnist\n"
    "  C=t-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle-boot\n"
    "  skein data import-idx --images $F/train-images-idx3-ubyte.gz --labels $F/train-labels-idx1-ubyte.gz "
    "\\\n"
    "    --out data/shoes --split train --classes $C --only sandal,sneaker --limit-per-class 10\n"
    "  skein data import-idx --images $F/train-images-idx3-ubyte.gz --labels $F/train-labels-idx1-ubyte.gz "
    "\\\n"
    "    --out data/shoes --split val --classes $C --only sandal,sneaker --limit-per-class 10 "
    "--offset-per-class 10\n";

OptionTable import_options(IdxImport& options) {
  OptionTable table("skein-data import-idx",
                    "Turns IDX files, plain or gzip, into OUT/SPLIT/CLASS/NUMBER.png. Asking again for the "
                    "same does nothing.",
                    SKEIN_VERSION);
  table.group("Input");
  table.add("--images", options.images, "IDX file of the pictures").unit("FILE").required().existing_file();
  table.add("--labels", options.labels, "IDX file of the labels").unit("FILE").required().existing_file();
  table.group("Selection");
  table.add("--classes", options.classes, "names by label, used for the folders; else the labels' numbers")
      .unit("NAME,...");
  table.add("--only", options.only, "import these classes only").unit("NAME,...");
  table.add("--limit-per-class", options.limit_per_class, "at most so many pictures of a class").unit("N").at_least(1);
  table.add("--offset-per-class", options.offset_per_class, "leave out the first pictures of a class")
      .unit("N")
      .at_least(0);
  table.group("Output");
  table.add("--out", options.out, "image folder to write into").unit("DIR").required();
  table.add("--split", options.split, "subfolder of --out: train or val").unit("NAME");
  table.add("--format", options.format, "of the files").choices({"png", "jpeg"});
  table.add("--quality", options.quality, "of JPEG files (90 where not given)").unit("PERCENT").range(1, 100);
  return table;
}

void run_import(const std::vector<std::string>& words) {
  IdxImport options;
  OptionTable table = import_options(options);
  const ParseResult parsed = table.parse(words);
  if (parsed.action == ParseResult::Action::kPrint) {
    std::cout << parsed.text << kImportExample;
    return;
  }
  const ImportSummary summary = import_idx(options);
  std::cout << (options.out / options.split).string() << ": " << summary.num_images << " images of "
            << summary.num_classes << " classes" << (summary.was_complete ? ", complete before" : "") << "\n";
}

void run(const std::vector<std::string>& words) {
  if (words.empty()) throw UsageError("no command given", "skein-data --help lists the commands");
  if (words[0] == "--help" || words[0] == "-h") {
    std::cout << kHelp;
    return;
  }
  if (words[0] == "--version") {
    std::cout << "skein-data " SKEIN_VERSION "\n";
    return;
  }
  if (words[0] != "import-idx")
    throw UsageError(concat("unknown command '", words[0], "'"), "skein-data --help lists them");
  run_import({words.begin() + 1, words.end()});
}

}  // namespace
}  // namespace skein

int main(int argc, char** argv) {
  return skein::run_main("skein-data", [&] {
    skein::run({argv + std::min(argc, 1), argv + argc});
    return 0;
  });
}
