#include "trainer/onnx/export_onnx.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/models/resnet.h"
#include "trainer/onnx/interpreter.h"
#include "trainer/onnx/onnx_file.h"
#include "trainer/onnx/resnet_graph.h"
#include "trainer/weights/mapped_file.h"
#include "trainer/weights/module_weights.h"
#include "trainer/weights/tensor_file.h"
#include "trainer/weights/weight_file.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kSampleImages = 2;
constexpr std::uint64_t kSampleSeed = 20151210;  // the day ResNets were published

/// Numbers as the user wrote them, not as the nearest float is printed in full.
json shortest(const std::array<float, 3>& values) {
  json list = json::array();
  for (const float value : values) list.push_back(std::stod(concat(value)));
  return list;
}

std::map<std::string, std::string> metadata_of(const OnnxDescription& description) {
  const json preprocessing = {{"channels", "RGB"},
                              {"resize", description.resize_size},
                              {"interpolation", description.interpolation},
                              {"antialias", description.antialias},
                              {"exif_orientation", description.turn_upright ? "apply" : "ignore"},
                              {"crop", description.crop_size},
                              {"scale", "1/255"},
                              {"mean", shortest(description.mean)},
                              {"std", shortest(description.deviation)}};
  std::map<std::string, std::string> metadata{
      {"model", description.model}, {"preprocessing", preprocessing.dump()}, {"skein_version", SKEIN_VERSION}};
  if (!description.classes.empty()) metadata["classes"] = json(description.classes).dump();
  return metadata;
}

/// The same whatever has been drawn before.
torch::Tensor sample_images(std::int64_t side) {
  return torch::randn({kSampleImages, 3, side, side}, at::make_generator<at::CPUGeneratorImpl>(kSampleSeed));
}

torch::Tensor logits_of(torch::nn::Module& network, const torch::Tensor& images) {
  auto* resnet = network.as<ResnetImpl>();
  if (resnet == nullptr) throw UsageError("only ResNets can be exported to ONNX");
  const torch::NoGradGuard no_grad;
  network.eval();
  return resnet->forward(images);
}

void require_classes(const fs::path& weights, std::int64_t num_outputs, const OnnxDescription& description) {
  if (description.classes.empty() || static_cast<std::size_t>(num_outputs) == description.classes.size()) return;
  throw DataError(concat(weights.string(), " tells ", num_outputs, " classes apart, but there are ", description.classes.size(), " names"),
                  "give the classes that these weights were trained on");
}

/// From fc.weight, of whatever shape the rest is.
std::int64_t num_classes_of(const fs::path& weights) {
  for (const TensorRecord& tensor : open_weight_file(weights.string()).tensors)
    if ((tensor.name == "fc.weight" || tensor.name == "module.fc.weight") && !tensor.shape.empty()) return tensor.shape[0];
  throw DataError(weights.string() + " has no fc.weight: it is not of a ResNet", "give weights of one of trainer's models");
}

}  // namespace

std::string OnnxExport::summary() const {
  return concat(file.filename().string(), ": ONNX opset ", opset, ", ", num_nodes, " nodes, ", num_bytes / 1000000,
                " MB; read back, its logits differ from the network's by ", max_difference, " at most (the largest is ", largest_logit, ")");
}

json OnnxExport::facts() const {
  return {{"file", file.filename().string()}, {"opset", opset},
          {"num_bytes", num_bytes},           {"max_difference", max_difference},
          {"largest_logit", largest_logit},   {"sample", sample.filename().string()}};
}

OnnxExport export_onnx(torch::nn::Module& network, const OnnxDescription& description, const fs::path& file, std::string_view flags) {
  const torch::Tensor images = sample_images(description.crop_size);
  const torch::Tensor expected = logits_of(network, images);
  OnnxExport done{file, file.string() + ".sample.safetensors"};
  {
    OnnxModel model = resnet_graph(network, description.model);
    model.producer_name = "skein";
    model.producer_version = SKEIN_VERSION;
    model.metadata = metadata_of(description);
    write_onnx(model, file, flags);
  }
  const MappedFile written(file.string());
  const OnnxModel read = decode_onnx(written.bytes(), file.string());
  done.opset = read.opset;
  done.num_bytes = written.bytes().size();
  done.num_nodes = read.nodes.size();
  done.max_difference = (run_onnx(read, images) - expected).abs().max().item<double>();
  done.largest_logit = expected.abs().max().item<double>();
  // Written so that a difference that is no number is refused too.
  if (!(done.max_difference <= kOnnxTolerance * std::max(1.0, done.largest_logit))) {
    fs::remove(file);
    throw Error(concat(file.string(), " would not compute what the network does: logits of up to ", done.largest_logit,
                       " differ by up to ", done.max_difference),
                "report this as an error of Skein");
  }
  write_tensor_file(done.sample.string(), {{{"images", images}, {"logits", expected}}, {{"model", file.filename().string()}}});
  return done;
}

OnnxExport export_weights(const fs::path& weights, const OnnxDescription& description, const fs::path& file, std::string_view flags) {
  const std::int64_t num_classes = num_classes_of(weights);
  require_classes(weights, num_classes, description);
  Resnet network = make_resnet(description.model, num_classes);
  load_weights(*network, weights.string(), {.head = LoadOptions::Head::kExact});
  return export_onnx(*network, description, file, flags);
}

}  // namespace skein
