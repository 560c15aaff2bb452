// What goes in: images and what is done to them.

#include "trainer/data/image/interpolation.h"
#include "trainer/options/option_groups.h"

namespace skein {

void add_data_options(OptionTable& table, TrainOptions& options) {
  table.group("Data");
  table.add("--data-path", options.data_path, "folder with train/CLASS/*.jpg and val/CLASS/*.jpg (or .png)")
      .unit("DIR")
      .required();
  table.add("--batch-size,-b", options.batch_size, "images per rank and step").unit("IMAGES").at_least(1);
  table.add("--workers,-j", options.workers, "threads per rank that read and decode images; else chosen from the cores")
      .range(0, 1024)
      .not_compared();
  table.add("--unreadable", options.unreadable, "what to do about an image that cannot be read")
      .choices({"fail", "skip"});
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
  table
      .add("--mixup-alpha", options.mixup_alpha,
           "blend each training image and its label with the one before it in the batch, in shares from a beta distribution with this "
           "alpha, e.g. 0.2; 0: not")
      .at_least(0);
  table
      .add("--cutmix-alpha", options.cutmix_alpha,
           "replace a rectangle of each training image by that of the one before it, e.g. 1; 0: not. With --mixup-alpha a coin decides, "
           "batch by batch")
      .at_least(0);
  table.add("--ra-sampler", options.ra_sampler, "repeated augmentation: fewer images in an epoch, each several times, differently augmented");
  table.add("--ra-reps", options.ra_reps, "times that --ra-sampler repeats an image").at_least(1);
  table.add("--val-resize-size", options.val_resize_size, "shorter side of a validation image before the crop")
      .unit("PIXELS")
      .at_least(1);
  table.add("--val-crop-size", options.val_crop_size, "side of a validation image").unit("PIXELS").at_least(1);
}

}  // namespace skein
