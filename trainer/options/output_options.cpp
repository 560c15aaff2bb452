// What a training leaves in outputs/ at its end besides weights and checkpoints.

#include "trainer/options/option_groups.h"

namespace skein {

void add_output_options(OptionTable& table, TrainOptions& options) {
  table.group(kResultOptions);
  table
      .add("--export", options.export_format,
           "at the end also write the weights as networks for other programs: model.onnx, and likewise the best and the averaged "
           "ones, each read back and compared with the network")
      .choices({"none", "onnx"});
  table.add("--worst-images", options.worst_images,
            "validation images with the highest loss that are listed and shown small in worst_images/ at the end; 0: none")
      .unit("IMAGES")
      .at_least(0);
  table.add("--predictions", options.predictions,
            "at the end also write predictions.csv: label, loss and most probable classes of each validation image");
}

}  // namespace skein
