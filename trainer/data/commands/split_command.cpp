#include <ostream>

#include "runtime/options/option_table.h"
#include "trainer/data/commands/commands.h"
#include "trainer/data/inspect/split_folder.h"

namespace skein {

namespace {

constexpr const char* kAbout =
    "Divides a folder of class folders into OUT/train, OUT/val and, with --test, OUT/test, each class in the same shares. Which "
    "image goes where depends on its name and --seed only. The files are linked, not copied, unless asked. OUT must be new.";

constexpr const char* kExamples =
    "Examples\n"
    "  skein data split all-birds birds --val 0.2\n"
    "  skein data split scans patients --val 0.15 --test 0.15 --group-separator _    p17_003.png and p17_004.png stay together\n";

struct SplitFlags {
  std::string source;
  std::string out;
  std::string link = "hard";
};

OptionTable split_options_table(SplitFlags& flags, SplitOptions& options) {
  OptionTable table("skein-data split", kAbout, SKEIN_VERSION);
  table.argument("SOURCE", flags.source, "folder with one folder of images for each class");
  table.argument("OUT", flags.out, "folder to make");
  table.add("--val", options.val_share, "share of each class for validation").unit("SHARE").more_than(0);
  table.add("--test", options.test_share, "share of each class for a test set").unit("SHARE").at_least(0);
  table.add("--seed", options.seed, "another one gives another division");
  table.add("--group-separator", options.group_separator,
            "images of a class whose file names are equal up to the first such text stay in one part")
      .unit("TEXT");
  table.add("--link", flags.link, "hard or symbolic links, or copies").choices({"hard", "symbolic", "copy"});
  table.examples(kExamples);
  return table;
}

SplitLink link_of(const std::string& text) {
  if (text == "symbolic") return SplitLink::kSymbolic;
  return text == "copy" ? SplitLink::kCopy : SplitLink::kHard;
}

}  // namespace

void split_command(const Words& words, std::ostream& out) {
  SplitFlags flags;
  SplitOptions options;
  OptionTable table = split_options_table(flags, options);
  if (!table.parse_or_print(words, out)) return;
  options.source = flags.source;
  options.out = flags.out;
  options.link = link_of(flags.link);
  const SplitSummary summary = split_folder(options);
  out << flags.out << ": ";
  for (const SplitSummary::Part& part : summary.parts) out << part.num_images << " images in " << part.name << ", ";
  out << summary.num_classes << " classes\n";
}

}  // namespace skein
