#include "trainer/weights/module_weights.h"

#include <torch/torch.h>

#include <algorithm>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/tensor_file.h"
#include "trainer/weights/weight_file.h"

namespace skein {
namespace {

using Targets = std::map<std::string, torch::Tensor>;
using Sources = std::map<std::string, const TensorRecord*>;

constexpr std::string_view kWrapperPrefix = "module.";
constexpr std::string_view kBatchCount = ".num_batches_tracked";
constexpr std::size_t kShownComplaints = 4;  ///< of each kind

Targets state_of(const torch::nn::Module& module) {
  Targets state;
  for (const auto& item : module.named_parameters()) state[item.key()] = item.value();
  for (const auto& item : module.named_buffers()) state[item.key()] = item.value();
  std::erase_if(state, [](const auto& item) { return !item.second.defined(); });
  return state;
}

Sources sources_of(const WeightFile& file) {
  const bool wrapped = !file.tensors.empty() &&
                       std::all_of(file.tensors.begin(), file.tensors.end(),
                                   [](const TensorRecord& tensor) { return tensor.name.starts_with(kWrapperPrefix); });
  Sources sources;
  for (const TensorRecord& tensor : file.tensors) {
    sources[wrapped ? tensor.name.substr(kWrapperPrefix.size()) : tensor.name] = &tensor;
  }
  return sources;
}

/// Decides, before anything is changed, what goes where, and collects everything that does not fit.
class LoadPlan {
 public:
  LoadPlan(Targets targets, Sources sources, const LoadOptions& options)
      : targets_(std::move(targets)), sources_(std::move(sources)), head_prefix_(options.head_name + ".") {
    if (options.head == LoadOptions::Head::kReplace ||
        (options.head != LoadOptions::Head::kExact && head_is_resized())) {
      set_head_aside();
    }
    for (const auto& [name, target] : targets_) match(name, target);
    for (const auto& [name, source] : sources_) {
      if (!targets_.contains(name)) complain("not in the model", name, source->shape);
    }
  }

  /// A line each, the first few of each kind; empty when everything fits.
  std::string complaints() const {
    std::string text;
    for (const auto& [kind, about] : complaints_) {
      for (std::size_t i = 0; i < std::min(about.size(), kShownComplaints); ++i) text += concat("\n  ", kind, ": ", about[i]);
      if (about.size() > kShownComplaints) text += concat("\n  ", kind, ": ", about.size() - kShownComplaints, " more");
    }
    return text;
  }
  const std::vector<std::string>& replaced() const { return replaced_; }

  int64_t execute() const {
    const torch::NoGradGuard no_grad;
    for (const auto& [target, source] : copies_) torch::Tensor(target).copy_(to_tensor(*source));
    for (const auto& counter : uncounted_) torch::Tensor(counter).zero_();
    return static_cast<int64_t>(copies_.size());
  }

 private:
  bool in_head(const std::string& name) const { return name.starts_with(head_prefix_); }

  /// True when the head differs in its number of classes and in nothing else.
  bool head_is_resized() const {
    bool resized = false;
    for (const auto& [name, target] : targets_) {
      if (!in_head(name)) continue;
      const auto source = sources_.find(name);
      if (source == sources_.end()) return false;
      const torch::IntArrayRef there = source->second->shape;
      if (there.empty() || there.size() != target.sizes().size()) return false;
      if (there.slice(1) != target.sizes().slice(1)) return false;
      resized = resized || there[0] != target.size(0);
    }
    return resized;
  }

  void set_head_aside() {
    for (const auto& [name, target] : targets_) {
      if (!in_head(name)) continue;
      const auto source = sources_.find(name);
      const std::string there = source == sources_.end() ? "absent" : shape_text(source->second->shape);
      replaced_.push_back(concat(name, ": ", there, " in the file, ", shape_text(target.sizes()), " in the model"));
    }
    std::erase_if(targets_, [this](const auto& item) { return in_head(item.first); });
    std::erase_if(sources_, [this](const auto& item) { return in_head(item.first); });
  }

  void match(const std::string& name, const torch::Tensor& target) {
    const auto found = sources_.find(name);
    if (found == sources_.end()) {
      if (name.ends_with(kBatchCount)) return uncounted_.push_back(target);
      return complain("missing", name, target.sizes());
    }
    const TensorRecord& source = *found->second;
    if (target.sizes() != torch::IntArrayRef(source.shape)) {
      complaints_["other shape"].push_back(concat(name, " is ", shape_text(source.shape), " in the file, ",
                                                  shape_text(target.sizes()), " in the model"));
    } else if (torch::isFloatingType(scalar_type(source.type)) != target.is_floating_point()) {
      complaints_["other type"].push_back(concat(name, " is ", safetensors_name(source.type), " in the file, ",
                                                 torch::toString(target.scalar_type()), " in the model"));
    } else {
      copies_.emplace_back(target, &source);
    }
  }

  void complain(const char* kind, const std::string& name, torch::IntArrayRef shape) {
    complaints_[kind].push_back(concat(name, " ", shape_text(shape)));
  }

  Targets targets_;
  Sources sources_;
  std::string head_prefix_;
  std::vector<std::pair<torch::Tensor, const TensorRecord*>> copies_;
  std::vector<torch::Tensor> uncounted_;
  std::vector<std::string> replaced_;
  std::map<std::string, std::vector<std::string>> complaints_;  // by kind
};

}  // namespace

LoadReport load_weights(torch::nn::Module& module, const std::string& path, const LoadOptions& options) {
  const WeightFile file = open_weight_file(path);
  const LoadPlan plan(state_of(module), sources_of(file), options);
  if (const std::string complaints = plan.complaints(); !complaints.empty()) {
    throw DataError(concat(path, " does not fit the model:", complaints),
                    "choose the model, and data with the classes, that these weights were saved from");
  }
  return {file.format, plan.execute(), plan.replaced(), file.metadata};
}

void save_weights(const torch::nn::Module& module, const std::string& path,
                  const std::map<std::string, std::string>& metadata) {
  write_tensor_file(path, {state_of(module), metadata});
}

}  // namespace skein
