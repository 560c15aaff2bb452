#include <ostream>

#include "runtime/options/option_table.h"
#include "trainer/data/commands/commands.h"
#include "trainer/data/import/import_idx.h"

namespace skein {
namespace {

constexpr const char* kExamples =
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
  table.examples(kExamples);
  return table;
}

}  // namespace

void import_idx_command(const Words& words, std::ostream& out) {
  IdxImport options;
  OptionTable table = import_options(options);
  if (!table.parse_or_print(words, out)) return;
  const ImportSummary summary = import_idx(options);
  out << (options.out / options.split).string() << ": " << summary.num_images << " images of "
            << summary.num_classes << " classes" << (summary.was_complete ? ", complete before" : "") << "\n";
}

}  // namespace skein
