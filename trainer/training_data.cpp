#include "trainer/training_data.h"

#include "runtime/process/error.h"
#include "runtime/process/fnv1a.h"
#include "runtime/process/text.h"
#include "trainer/data/byte_count.h"
#include "trainer/data/cache/available_memory.h"
#include "trainer/data/cache/disk_cache.h"
#include "trainer/data/cache/memory_cache.h"
#include "trainer/data/pack/open_source.h"

namespace skein {
namespace {

void require_enough_images(const TrainOptions& options, int world_size, const ImageSource& training) {
  const std::size_t step = std::size_t{1} * options.batch_size * options.accumulate * world_size;
  if (step <= training.num_images()) return;
  if (options.global_batch_size > 0)
    throw UsageError(concat("--global-batch-size ", options.global_batch_size, ", but ", training.place(), " holds only ",
                            training.num_images(), " images"),
                     "choose a lower one");
  std::string factors = concat("--batch-size ", options.batch_size);
  if (options.accumulate > 1) factors += concat(" times --accumulate ", options.accumulate);
  if (world_size > 1) factors += concat(" on ", world_size, " ranks");
  const std::size_t largest = training.num_images() / (static_cast<std::size_t>(options.accumulate) * world_size);
  std::string remedy = "start fewer ranks";
  const std::string or_ranks = world_size > 1 ? ", or fewer ranks" : "";
  if (options.accumulate > 1) remedy = "choose a lower --accumulate" + or_ranks;
  if (largest > 0) remedy = concat("choose a --batch-size of at most ", largest, or_ranks);
  throw UsageError(concat(factors, " makes ", step, " images a step, but ", training.place(), " holds only ",
                          training.num_images()),
                   remedy);
}

/// A host's memory is divided among its ranks; a folder is for all of them.
std::shared_ptr<CacheBudget> make_budget(const TrainOptions& options, int num_local_ranks) {
  const std::uint64_t given = options.cache_bytes ? parse_byte_count(*options.cache_bytes).value_or(0) : 0;
  if (options.cache == "memory")
    return std::make_shared<CacheBudget>((given > 0 ? given : available_memory() / 2) / static_cast<std::uint64_t>(num_local_ranks));
  if (given > 0) return std::make_shared<CacheBudget>(given, *options.cache_dir);
  const std::uint64_t used = CacheBudget(0, *options.cache_dir).used_bytes();
  return std::make_shared<CacheBudget>(disk_for_cache(*options.cache_dir, used), *options.cache_dir);
}

void add_cache(TrainingData& data, const TrainOptions& options, int num_local_ranks) {
  if (options.cache == "none") return;
  const auto budget = make_budget(options, num_local_ranks);
  for (auto* source : {&data.training, &data.validation}) {
    std::shared_ptr<const CachedSource> cache;
    if (options.cache == "memory")
      cache = std::make_shared<MemoryCache>(*source, budget);
    else
      cache = std::make_shared<DiskCache>(*source, budget, *options.cache_dir);
    data.caches.push_back(cache);
    *source = cache;
  }
}

}  // namespace

std::string TrainingData::summary() const {
  return concat(training->num_images(), " training and ", validation->num_images(), " validation images of ",
                num_classes(), " classes");
}

std::string TrainingData::fingerprint() const {
  return fnv1a_hex(listing_of(*training) + listing_of(*validation));
}

std::string TrainingData::cache_plan() const {
  if (caches.empty()) return {};
  const std::string limit = byte_text(caches.front()->budget().limit_bytes());
  if (dynamic_cast<const MemoryCache*>(caches.front().get()) != nullptr)
    return concat("images are cached in memory, up to ", limit, " on each rank");
  const auto& disk = dynamic_cast<const DiskCache&>(*caches.front());
  return concat("images are cached in ", disk.folder().parent_path().string(), ", up to ", limit, " on each host");
}

std::string TrainingData::cache_report() const {
  if (caches.empty()) return {};
  CacheCounts sum;
  for (const auto& cache : caches) {
    const CacheCounts counts = cache->counts();
    sum.num_hits += counts.num_hits;
    sum.num_reads += counts.num_reads;
    sum.num_stored += counts.num_stored;
  }
  const CacheBudget& budget = caches.front()->budget();
  return concat("cache: ", byte_text(budget.used_bytes()), " of ", byte_text(budget.limit_bytes()), " in use; of ",
                sum.num_hits + sum.num_reads, " images ", sum.num_hits, " came from it, ", sum.num_stored, " were put into it");
}

TrainingData open_training_data(const TrainOptions& options, int world_size, int num_local_ranks) {
  if (!std::filesystem::is_directory(options.data_path))
    throw DataError("--data-path " + options.data_path.string() + " is no folder",
                    "give a folder that holds train/ and val/, each with a folder of images for every class, or train.h5 and "
                    "val.h5 (skein data pack)");
  TrainingData data;
  data.training = open_source(find_split(options.data_path, "train"));
  data.validation = open_source(find_split(options.data_path, "val"), data.training.get());
  if (data.num_classes() < 2)
    throw DataError(
        concat(data.training->place(), " holds a single class, '", data.training->classes().front(), "'"),
        "there is nothing to tell apart: add images of another class");
  if (!options.test_only) require_enough_images(options, world_size, *data.training);
  add_cache(data, options, num_local_ranks);
  return data;
}

}  // namespace skein
