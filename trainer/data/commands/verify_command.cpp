#include <iostream>

#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/commands/commands.h"
#include "trainer/data/commands/progress_lines.h"
#include "trainer/data/file_bytes.h"
#include "trainer/data/inspect/verify.h"
#include "trainer/data/pack/open_source.h"

namespace skein {

namespace {

constexpr const char* kAbout =
    "Reads every image of a folder, a packed file or a whole data set as a training would, and compares those of packed files "
    "with their SHA-256. Names the bad ones and then ends with code 4.";

struct VerifyFlags {
  std::string path;
  std::optional<std::filesystem::path> list;
  int workers = 0;
};

OptionTable verify_options_table(VerifyFlags& flags) {
  OptionTable table("skein-data verify", kAbout, SKEIN_VERSION);
  table.argument("PATH", flags.path, "folder of images, data set or packed file");
  table.add("--list", flags.list, "write the paths of the bad images to a file, one a line").unit("FILE");
  add_workers_option(table, flags.workers);
  return table;
}

void write_list(const std::filesystem::path& file, const std::string& text) {
  replace_file(file, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

void verify_command(const Words& words, std::ostream& out) {
  VerifyFlags flags;
  OptionTable table = verify_options_table(flags);
  if (!table.parse_or_print(words, out)) return;
  size_t num_images = 0, num_bad = 0;
  std::string list;
  for (const auto& [name, source] : open_sources(flags.path)) {
    ProgressLines progress("verifying " + source->place());
    const std::vector<BadImage> bad = find_bad_images(*source, num_workers(flags.workers), std::ref(progress));
    for (const BadImage& image : bad) {
      out << image.cause << "\n";
      list += source->name(image.index) + "\n";
    }
    out << source->place() << ": " << source->num_images() - bad.size() << " of " << source->num_images() << " images are sound, "
        << rate_text(source->num_images(), progress.seconds()) << "\n";
    num_images += source->num_images();
    num_bad += bad.size();
  }
  if (flags.list) write_list(*flags.list, list);
  if (num_bad > 0)
    throw DataError(concat(num_bad, " of ", num_images, " images in ", flags.path, " cannot be used"),
                    "replace or remove them, or leave them out (skein data pack --unreadable skip, trainer --unreadable skip)");
}

}  // namespace skein
