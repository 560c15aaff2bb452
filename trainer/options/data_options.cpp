// What goes in: images and what is done to them.

#include <nlohmann/json.hpp>

#include "runtime/process/text.h"
#include "trainer/data/byte_count.h"
#include "trainer/data/image/interpolation.h"
#include "trainer/options/option_groups.h"

namespace skein {
namespace {

void add_cache_options(OptionTable& table, TrainOptions& options) {
  table
      .add("--cache", options.cache,
           "keep images of slow storage near after their first reading: in the memory of each rank, or on a disk, where the "
           "ranks of a host share them and later runs find them again")
      .choices({"none", "memory", "disk"})
      .not_compared();
  table
      .add("--cache-bytes", options.cache_bytes,
           "what the caches of a host may take, as 800M or 64G; else half of the free memory, or the disk but for a tenth")
      .unit("BYTES")
      .not_compared()
      .check([](const nlohmann::json& value) {
        const auto text = value.get<std::string>();
        return parse_byte_count(text) ? "" : concat("'", text, "' is no number of bytes such as 800M or 64G");
      });
  table.add("--cache-dir", options.cache_dir, "folder for --cache disk, on a disk of each host (or in /dev/shm)")
      .unit("DIR")
      .not_compared();
}

/// Where images come from.
void add_source_options(OptionTable& table, TrainOptions& options) {
  table.group("Data");
  table.add("--data-path", options.data_path, "folder with train/CLASS/*.jpg and val/CLASS/*.jpg (or .png), or with train.h5 and val.h5 of skein data pack")
      .unit("DIR")
      .required();
  table.add("--batch-size,-b", options.batch_size, "images per rank and step").unit("IMAGES").at_least(1);
  table.add("--workers,-j", options.workers, "threads per rank that read and decode images; else chosen from the cores")
      .range(0, 1024)
      .not_compared();
  table.add("--unreadable", options.unreadable, "what to do about an image that cannot be read")
      .choices({"fail", "skip"});
  add_cache_options(table, options);
}

/// How they are cut out and resized.
void add_image_options(OptionTable& table, TrainOptions& options) {
  table.add("--train-crop-size", options.train_crop_size, "side of a training image").unit("PIXELS").at_least(1);
  table
      .add("--train-crop-scale", options.train_crop_scale,
           "share of a picture's area that its training crop covers, drawn anew each time; small pictures that "
           "fill their frame want 0.5,1 or so")
      .unit("MIN,MAX")
      .more_than(0);
  table
      .add("--hflip-prob", options.hflip_prob,
           "share of the training images that are mirrored; 0 where left and right differ, as in writing")
      .range(0, 1);
  table
      .add("--interpolation", options.interpolation,
           "filter by which pictures are resized, and turned or sheared by augmentations, as Pillow's of that name")
      .choices(interpolation_names());
  table.add("--antialias", options.antialias,
            "take in all pixels that an output pixel covers when a picture gets smaller; without, bilinear and bicubic do as torch's "
            "interpolate does");
  table
      .add("--exif-orientation", options.exif_orientation,
           "turn pictures upright as their camera says, or ignore it, as torchvision's image loader does")
      .choices({"apply", "ignore"});
  table
      .add("--scaled-decoding", options.scaled_decoding,
           "decode JPEGs that are at least twice as large as needed at a half, a quarter or an eighth: much faster, pixels differ a little; "
           "train: not when evaluating")
      .choices({"off", "train", "all"});
  table.add("--val-resize-size", options.val_resize_size, "shorter side of a validation image before the crop")
      .unit("PIXELS")
      .at_least(1);
  table.add("--val-crop-size", options.val_crop_size, "side of a validation image").unit("PIXELS").at_least(1);
}

}  // namespace

void add_data_options(OptionTable& table, TrainOptions& options) {
  add_source_options(table, options);
  add_image_options(table, options);
}

}  // namespace skein
