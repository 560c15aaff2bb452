#pragma once
// Parameters that are trained otherwise than the rest: not at all, with another rate, or with another weight decay. A header without
// LibTorch.

#include <optional>
#include <string>
#include <vector>

#include "trainer/parallel/update_options.h"

namespace torch::nn {
class BatchNorm2dImpl;
class Module;
}  // namespace torch::nn

namespace skein {

struct ParameterGroup;

struct ParameterGroupOptions {
  std::vector<std::string> freeze;  ///< names of modules or parameters, or "backbone": all but the last layer
  std::optional<double> head_lr;    ///< of the last layer; empty: as the rest
  /// Empty: as the rest, but 0 with LARS and LAMB, which scale no update without weight decay: You et al. leave norms and biases out.
  std::optional<double> norm_weight_decay;
  std::optional<double> bias_weight_decay;
};

/// Ends the training of what `names` name: their gradients are no longer computed. Throws UsageError for a name that the module does not
/// have, listing what there is, and where nothing is left to train.
void freeze_parameters(torch::nn::Module& module, const std::vector<std::string>& names);

/// What is frozen, as few names as can be, in the module's order: "layer1" where all of layer1 is.
std::vector<std::string> frozen_names(const torch::nn::Module& module);

/// Whether a BatchNorm is frozen: it then normalises by its running statistics and leaves them as they are, in training too, so that
/// frozen layers compute the same throughout.
bool is_frozen(const torch::nn::BatchNorm2dImpl& norm);

/// The groups for DistributedOptimizerOptions, divided as torchvision's utils.set_weight_decay does: a parameter called "bias" is a bias,
/// also that of a norm. Parameters trained as `rule` says are in none. Throws UsageError where head_lr is for a frozen layer.
std::vector<ParameterGroup> parameter_groups(const torch::nn::Module& module, const UpdateOptions& rule,
                                             const ParameterGroupOptions& options);

/// Lines for the log; none without such options.
std::vector<std::string> describe_groups(const torch::nn::Module& module, const UpdateOptions& rule, const ParameterGroupOptions& options);

}  // namespace skein
