#include <iostream>
#include <optional>

#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/space_check.h"
#include "trainer/data/byte_count.h"
#include "trainer/data/commands/commands.h"
#include "trainer/data/commands/progress_lines.h"
#include "trainer/data/pack/open_source.h"
#include "trainer/data/pack/pack_source.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

constexpr const char* kAbout =
    "Packs images into an HDF5 file that the trainer maps into memory. SOURCE is a folder of class folders, and OUT then the "
    "file; or SOURCE is a data set that holds train and val, and OUT becomes a folder with train.h5 and val.h5 for "
    "--data-path. A packed file may itself be the SOURCE. The same images and options give the same bytes, and OUT is not "
    "seen before it is whole.";

constexpr const char* kExamples =
    "Examples\n"
    "  skein data pack birds birds-packed                                      the files as they are\n"
    "  skein data pack birds birds-256 --encoding jpeg --size 256 --quality 90  smaller, faster to decode\n"
    "  skein data pack birds birds-raw --encoding raw --size 256               no decoding at all, about 200 KB an image\n"
    "  skein data pack birds/train train.h5 --shard-size 4G                    train.h5 and the shards it joins\n";

struct PackFlags {
  std::string source;
  std::string out;
  std::string encoding = "keep";
  std::optional<int> shorter_side;
  bool enlarge = false;
  std::optional<int> quality;
  std::optional<int> shards;
  std::optional<std::string> shard_bytes;
  std::string unreadable = "fail";
  bool overwrite = false;
  int workers = 0;
};

constexpr int kDefaultQuality = 90;

OptionTable pack_options_table(PackFlags& flags) {
  OptionTable table("skein-data pack", kAbout, SKEIN_VERSION);
  table.argument("SOURCE", flags.source, "folder of images, data set or packed file");
  table.argument("OUT", flags.out, "file to write; for a data set, folder to write into");
  table.group("Images");
  table.add("--encoding", flags.encoding, "keep: the bytes of the files; jpeg: decoded and encoded again; raw: RGB pixels")
      .choices({"keep", "jpeg", "raw"});
  table.add("--size", flags.shorter_side, "shorter side of jpeg and raw images; those that are smaller stay so").unit("PIXELS").at_least(1);
  table.add("--enlarge", flags.enlarge, "bring smaller images to --size too");
  table.add("--quality", flags.quality, "of jpeg images (90 where not given)").unit("PERCENT").range(1, 100);
  table.add("--unreadable", flags.unreadable, "what to do about an image that cannot be read (with keep, only its header is)")
      .choices({"fail", "skip"});
  table.group("Files");
  table.add("--shards", flags.shards, "so many files of about the same length, OUT-00000-of-0000N.h5, joined by OUT").unit("N").range(1, 500);
  table.add("--shard-size", flags.shard_bytes, "files of at most so many bytes of images (500M, 4G), joined by OUT").unit("BYTES");
  table.add("--overwrite", flags.overwrite, "replace what is there");
  table.group("Speed");
  add_workers_option(table, flags.workers);
  table.examples(kExamples);
  return table;
}

PackOptions options_of(const PackFlags& flags) {
  PackOptions options;
  options.recipe.encoding = encoding_of(flags.encoding);
  const bool keeps = options.recipe.encoding == PackEncoding::kKeep;
  if (flags.shorter_side && keeps)
    throw UsageError("--size has no effect with --encoding keep, which leaves the files as they are", "use --encoding jpeg or raw");
  if (flags.enlarge && !flags.shorter_side) throw UsageError("--enlarge has no effect without --size", "add --size, or drop it");
  if (flags.quality && options.recipe.encoding != PackEncoding::kJpeg)
    throw UsageError(concat("--quality has no effect with --encoding ", flags.encoding), "use --encoding jpeg, or drop it");
  if (flags.shards && flags.shard_bytes) throw UsageError("--shards and --shard-size both say how to divide", "leave one of them out");
  options.recipe.shorter_side = flags.shorter_side.value_or(0);
  options.recipe.enlarged = flags.enlarge;
  if (options.recipe.encoding == PackEncoding::kJpeg) options.recipe.quality = flags.quality.value_or(kDefaultQuality);
  if (flags.shards) options.num_shards = static_cast<size_t>(*flags.shards);
  if (flags.shard_bytes) {
    options.shard_bytes = parse_byte_count(*flags.shard_bytes);
    if (!options.shard_bytes)
      throw UsageError(concat("--shard-size ", *flags.shard_bytes, " is no number of bytes"), "e.g. --shard-size 500M or 4G");
  }
  options.skips_unreadable = flags.unreadable == "skip";
  options.num_workers = num_workers(flags.workers);
  return options;
}

/// What becomes of one split.
struct Job {
  NamedSource source;
  fs::path target;
  std::vector<std::string> old_shards;
  PackedSource packed;
  double seconds = 0;
};

void check_target(const fs::path& target, bool overwrites) {
  if (fs::is_directory(target))
    throw UsageError(concat(target.string(), " is a folder"), concat("name a file, e.g. ", (target / "train.h5").string()));
  if (fs::exists(target) && !overwrites)
    throw UsageError(concat(target.string(), " exists already"), "name another file, or add --overwrite");
}

std::vector<Job> plan(const PackFlags& flags, const PackOptions& options) {
  std::vector<Job> jobs;
  for (NamedSource& source : open_sources(flags.source)) {
    const fs::path target = source.name.empty() ? fs::path(flags.out) : fs::path(flags.out) / (source.name + ".h5");
    if (!source.name.empty() && fs::exists(flags.out) && !fs::is_directory(flags.out))
      throw UsageError(concat(flags.out, " is a file, but ", flags.source, " is a data set"), "name a folder");
    check_target(target, flags.overwrite);
    check_pack_options(options, *source.source);
    jobs.push_back({std::move(source), target, shards_of(target), {}, 0});
  }
  return jobs;
}

void require_space(const std::vector<Job>& jobs, const PackOptions& options) {
  uint64_t num_bytes = 0;
  for (const Job& job : jobs) num_bytes += least_pack_bytes(options, *job.source.source);
  require_writable(folder_of(jobs.front().target), num_bytes, "another output path");
}

/// Shards of a pack that was replaced, and that belong to nobody any more.
void remove_old_shards(const Job& job) {
  const std::vector<std::string> used = job.packed.writer->shard_names();
  for (const std::string& name : job.old_shards)
    if (std::find(used.begin(), used.end(), name) == used.end()) {
      std::error_code ignored;
      fs::remove(folder_of(job.target) / name, ignored);
    }
}

void report(const Job& job, std::ostream& out) {
  const PackWriter& writer = *job.packed.writer;
  out << job.target.string() << ": " << writer.num_images() << " images of " << job.source.source->classes().size() << " classes, "
      << byte_text(writer.num_bytes());
  if (writer.num_shards() > 0) out << " in " << writer.num_shards() << " shards";
  out << ", " << rate_text(writer.num_images(), job.seconds) << "\n";
  if (job.packed.num_skipped == 0) return;
  std::cerr << job.packed.num_skipped << " images were left out:\n";
  for (const std::string& cause : job.packed.skipped) std::cerr << "  " << cause << "\n";
  if (job.packed.num_skipped > job.packed.skipped.size()) std::cerr << "  ...\n";
}

}  // namespace

void pack_command(const Words& words, std::ostream& out) {
  PackFlags flags;
  OptionTable table = pack_options_table(flags);
  if (!table.parse_or_print(words, out)) return;
  PackOptions options = options_of(flags);
  std::vector<Job> jobs = plan(flags, options);
  require_space(jobs, options);
  for (Job& job : jobs) {
    ProgressLines progress("packing " + job.source.source->place());
    options.progress = std::ref(progress);
    job.packed = pack_source(*job.source.source, job.target, options);
    job.seconds = progress.seconds();
  }
  for (Job& job : jobs) {
    job.packed.writer->publish();
    remove_old_shards(job);
    report(job, out);
  }
}

}  // namespace skein
