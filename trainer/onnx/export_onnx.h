#pragma once
// A trained network as an ONNX file that has been checked. No LibTorch here.

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/run/storage_error.h"

namespace torch::nn {
class Module;
}

namespace skein {

/// What whoever uses the model must know of it; goes into the file.
struct OnnxDescription {
  std::string model;                 ///< "resnet50"
  std::vector<std::string> classes;  ///< in the order of the outputs; may be empty where it is not known
  // What is done to a picture before it is an input.
  int resize_size = 256;  ///< pixels, shorter side
  int crop_size = 224;    ///< pixels, in the middle
  std::string interpolation = "bilinear";
  bool antialias = true;
  bool turn_upright = true;  ///< by the picture's EXIF orientation
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};       ///< of R, G, B scaled to [0, 1]
  std::array<float, 3> deviation{0.229f, 0.224f, 0.225f};
};

/// What was written, and how far it is from the network.
struct OnnxExport {
  std::filesystem::path file;
  std::filesystem::path sample;   ///< the images of the check and what the network makes of them, as safetensors
  std::int64_t opset = 0;
  std::uint64_t num_bytes = 0;    ///< of the file
  std::size_t num_nodes = 0;
  double max_difference = 0;      ///< between the file's logits and the network's, over the sample
  double largest_logit = 0;       ///< of the network, as an absolute value

  std::string summary() const;    ///< one line
  nlohmann::json facts() const;   ///< for run.json
};

/// Largest difference of logits that is let pass, where they are up to 1; else in proportion.
inline constexpr double kOnnxTolerance = 1e-4;

/// Writes `network`, which is put into evaluation mode, to `file` and a sample beside it (FILE.sample.safetensors: `images`
/// [2, 3, crop, crop], `logits` [2, classes]). What is in the file is then read back and computed for the sample, operator by
/// operator. Throws UsageError for a network that it does not know or that is not finite, Error where file and network differ by
/// more than kOnnxTolerance, StorageError. `flags`: by which another place is chosen.
OnnxExport export_onnx(torch::nn::Module& network, const OnnxDescription& description, const std::filesystem::path& file,
                       std::string_view flags = kFlagsOfRunPlaces);

/// The same for the weights in a file (weights/weight_file.h) of the model `description.model`, of which the number of classes is
/// the weights'. Throws DataError for weights of another model or number of classes than `description` has.
OnnxExport export_weights(const std::filesystem::path& weights, const OnnxDescription& description, const std::filesystem::path& file,
                          std::string_view flags = kFlagsOfRunPlaces);

}  // namespace skein
