#include "trainer/parameter_groups.h"

#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/parallel/distributed_optimizer.h"

namespace skein {
namespace {

using torch::nn::Module;

constexpr const char* kBackbone = "backbone";

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// The module that holds the last parameter.
std::string head_of(const Module& module) {
  const auto parameters = module.named_parameters();
  if (parameters.is_empty()) return "";
  const std::string last = parameters.keys().back();
  return last.substr(0, last.rfind('.'));
}

/// Whether `name` is `scope` or a part of it.
bool is_in(const std::string& name, const std::string& scope) {
  return name.starts_with(scope) && (name.size() == scope.size() || name[scope.size()] == '.');
}

bool is_norm(const Module& module) {
  return module.as<torch::nn::BatchNorm1d>() || module.as<torch::nn::BatchNorm2d>() || module.as<torch::nn::BatchNorm3d>() ||
         module.as<torch::nn::LayerNorm>() || module.as<torch::nn::GroupNorm>();
}

[[noreturn]] void refuse_name(const Module& module, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& child : module.named_children()) known.push_back(child.key());
  throw UsageError(concat("--freeze ", name, ": the model has no such layer, only ", joined(known), " and what they hold"),
                   "name layers or parameters as in the weights, or backbone for all but the last layer");
}

bool has_any(const Module& module, bool trained) {
  const auto parameters = module.parameters();
  return std::ranges::any_of(parameters, [&](const torch::Tensor& parameter) { return parameter.requires_grad() == trained; });
}

void collect_frozen(const Module& module, const std::string& prefix, std::vector<std::string>& names) {
  for (const auto& own : module.named_parameters(/*recurse=*/false))
    if (!own.value().requires_grad()) names.push_back(prefix + own.key());
  for (const auto& child : module.named_children()) {
    if (!has_any(*child.value(), false)) continue;
    if (has_any(*child.value(), true))
      collect_frozen(*child.value(), prefix + child.key() + ".", names);
    else
      names.push_back(prefix + child.key());
  }
}

/// By which rules the parameters of a module differ from the rest.
class Division {
 public:
  Division(const Module& module, const UpdateOptions& rule, const ParameterGroupOptions& options)
      : rule_(rule), head_(head_of(module)), head_lr_(options.head_lr.value_or(learning_rate_of(rule))) {
    const bool scales_layers = std::holds_alternative<LarsOptions>(rule) || std::holds_alternative<LambOptions>(rule);
    const double rest = scales_layers ? 0 : weight_decay_of(rule);
    has_norm_decay_ = scales_layers || options.norm_weight_decay.has_value();
    has_bias_decay_ = scales_layers || options.bias_weight_decay.has_value();
    norm_decay_ = options.norm_weight_decay.value_or(rest);
    bias_decay_ = options.bias_weight_decay.value_or(rest);
  }

  UpdateOptions options_of(const std::string& scope, const std::string& name, bool is_of_norm) const {
    UpdateOptions options = rule_;
    if (is_in(scope, head_)) skein::set_learning_rate(options, head_lr_);
    if (has_bias_decay_ && name == "bias")
      set_weight_decay(options, bias_decay_);
    else if (has_norm_decay_ && is_of_norm)
      set_weight_decay(options, norm_decay_);
    return options;
  }

  std::string decay_text() const {
    std::string text = concat("weight decay ", weight_decay_of(rule_));
    if (has_norm_decay_) text += concat(", of BatchNorm ", norm_decay_);
    if (has_bias_decay_) text += concat(", of biases ", bias_decay_);
    return has_norm_decay_ || has_bias_decay_ ? text : "";
  }

 private:
  UpdateOptions rule_;
  std::string head_;
  double head_lr_;
  bool has_norm_decay_ = false;
  bool has_bias_decay_ = false;
  double norm_decay_ = 0;
  double bias_decay_ = 0;
};

}  // namespace

void freeze_parameters(Module& module, const std::vector<std::string>& names) {
  const std::string head = head_of(module);
  for (const std::string& name : names) {
    bool found = false;
    for (auto& parameter : module.named_parameters()) {
      const bool is_meant = name == kBackbone ? !is_in(parameter.key(), head) : is_in(parameter.key(), name);
      if (is_meant) parameter.value().set_requires_grad(false);
      found = found || is_meant;
    }
    if (!found) refuse_name(module, name);
  }
  if (!has_any(module, true)) throw UsageError(concat("--freeze ", joined(names), " leaves nothing to train"), "freeze fewer layers");
}

std::vector<std::string> frozen_names(const Module& module) {
  std::vector<std::string> names;
  collect_frozen(module, "", names);
  return names;
}

bool is_frozen(const torch::nn::BatchNorm2dImpl& norm) {
  return norm.weight.defined() && !norm.weight.requires_grad() && !norm.bias.requires_grad();
}

std::vector<ParameterGroup> parameter_groups(const Module& module, const UpdateOptions& rule, const ParameterGroupOptions& options) {
  const Division division(module, rule, options);
  if (const std::string head = head_of(module); options.head_lr && !has_any(*module.named_modules()[head], true))
    throw UsageError(concat("--head-lr is for the last layer, ", head, ", which --freeze keeps as it is"), "leave one of them out");
  std::map<std::pair<double, double>, ParameterGroup> groups;  // by rate and decay
  for (const auto& part : module.named_modules())
    for (const auto& parameter : part.value()->named_parameters(/*recurse=*/false)) {
      if (!parameter.value().requires_grad()) continue;
      const UpdateOptions own = division.options_of(part.key(), parameter.key(), is_norm(*part.value()));
      const std::pair key{learning_rate_of(own), weight_decay_of(own)};
      if (key == std::pair{learning_rate_of(rule), weight_decay_of(rule)}) continue;
      ParameterGroup& group = groups.try_emplace(key, ParameterGroup{{}, own}).first->second;
      group.parameters.push_back(part.key().empty() ? parameter.key() : part.key() + "." + parameter.key());
    }
  std::vector<ParameterGroup> result;
  for (auto& [key, group] : groups) result.push_back(std::move(group));
  return result;
}

std::vector<std::string> describe_groups(const Module& module, const UpdateOptions& rule, const ParameterGroupOptions& options) {
  std::vector<std::string> lines;
  if (const std::vector<std::string> frozen = frozen_names(module); !frozen.empty()) {
    std::int64_t num_trained = 0, num_all = 0;
    for (const torch::Tensor& parameter : module.parameters()) {
      num_all += parameter.numel();
      if (parameter.requires_grad()) num_trained += parameter.numel();
    }
    lines.push_back(concat("frozen: ", joined(frozen), "; ", num_trained, " of ", num_all, " parameters are trained"));
  }
  if (options.head_lr)
    lines.push_back(concat(head_of(module), " learns at ", *options.head_lr, ", the rest at ", learning_rate_of(rule), ", before the schedule"));
  if (const std::string text = Division(module, rule, options).decay_text(); !text.empty()) lines.push_back(text);
  return lines;
}

}  // namespace skein
