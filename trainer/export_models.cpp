#include "trainer/export_models.h"

#include <nlohmann/json.hpp>

#include "runtime/process/log.h"
#include "runtime/run/atomic_file.h"
#include "trainer/onnx/export_onnx.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

struct Source {
  fs::path weights;
  const char* name;  ///< of the file without its ending
};

std::vector<Source> sources(const TrainOptions& options, const fs::path& outputs) {
  if (options.test_only) return {{*options.weights, "model"}};
  std::vector<Source> all{{outputs / "model.safetensors", "model"}};
  if (const fs::path best = outputs / "model_best.safetensors"; fs::exists(best)) all.push_back({best, "model_best"});
  if (options.model_ema) all.push_back({outputs / "model_ema.safetensors", "model_ema"});
  return all;
}

}  // namespace

void write_classes(const fs::path& outputs, const std::vector<std::string>& classes) {
  write_file_atomically(outputs / "classes.json", nlohmann::json{{"classes", classes}}.dump(2) + "\n");
}

void export_models(const TrainOptions& options, const std::vector<std::string>& classes, const fs::path& outputs, RunJournal& journal,
                   Progress& progress) {
  if (options.export_format == "none") return;
  OnnxDescription description;
  description.model = options.model;
  description.classes = classes;
  description.resize_size = options.val_resize_size;
  description.crop_size = options.val_crop_size;
  description.interpolation = options.interpolation;
  description.antialias = options.antialias;
  description.turn_upright = options.exif_orientation == "apply";
  nlohmann::json facts = nlohmann::json::array();
  for (const Source& source : sources(options, outputs)) {
    const OnnxExport done = export_weights(source.weights, description, (outputs / source.name).string() + ".onnx");
    log_info(done.summary());
    progress.message(done.summary());
    facts.push_back(done.facts());
  }
  journal.set("exports", facts);
}

}  // namespace skein
