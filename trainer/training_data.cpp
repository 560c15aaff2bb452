#include "trainer/training_data.h"

#include "runtime/process/error.h"
#include "runtime/process/fnv1a.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

std::string listing(const ImageFolder& folder) {
  std::string text;
  for (const std::string& name : folder.classes()) text += name + "/";
  const std::size_t prefix_length = folder.root().native().size();
  for (std::size_t i = 0; i < folder.num_images(); ++i)
    text += concat(folder.name(i).substr(prefix_length), ":", folder.label(i), "\n");
  return text;
}

void require_enough_images(const TrainOptions& options, int world_size, const ImageFolder& training) {
  const std::size_t step = std::size_t{1} * options.batch_size * options.accumulate * world_size;
  if (step <= training.num_images()) return;
  if (options.global_batch_size > 0)
    throw UsageError(concat("--global-batch-size ", options.global_batch_size, ", but ", training.root().string(), " holds only ",
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
  throw UsageError(concat(factors, " makes ", step, " images a step, but ", training.root().string(), " holds only ",
                          training.num_images()),
                   remedy);
}

}  // namespace

std::string TrainingData::summary() const {
  return concat(training->num_images(), " training and ", validation->num_images(), " validation images of ",
                num_classes(), " classes");
}

std::string TrainingData::fingerprint() const {
  return fnv1a_hex(listing(*training) + listing(*validation));
}

TrainingData open_training_data(const TrainOptions& options, int world_size) {
  if (!std::filesystem::is_directory(options.data_path))
    throw DataError("--data-path " + options.data_path.string() + " is no folder",
                    "give a folder that holds train/ and val/, each with a folder of images for every class");
  TrainingData data;
  data.training = std::make_shared<ImageFolder>(options.data_path / "train");
  data.validation = std::make_shared<ImageFolder>(options.data_path / "val", *data.training);
  if (data.num_classes() < 2)
    throw DataError(
        concat(data.training->root().string(), " holds a single class, '", data.training->classes().front(), "'"),
        "there is nothing to tell apart: add a folder with images of another class");
  if (!options.test_only) require_enough_images(options, world_size, *data.training);
  return data;
}

}  // namespace skein
