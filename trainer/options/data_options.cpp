// What goes in: images and what is done to them.

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
  table.add("--val-resize-size", options.val_resize_size, "shorter side of a validation image before the crop")
      .unit("PIXELS")
      .at_least(1);
  table.add("--val-crop-size", options.val_crop_size, "side of a validation image").unit("PIXELS").at_least(1);
}

}  // namespace skein
