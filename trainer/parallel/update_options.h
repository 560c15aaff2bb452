#pragma once
// The rules by which gradients change parameters, free of LibTorch. Names and defaults are PyTorch's where it has the
// rule.

#include <string>
#include <variant>

namespace skein {

/// torch.optim.SGD: d = g + weight_decay * w; v = momentum * v + (1 - dampening) * d (v = d at a parameter's first step);
/// w -= lr * v, or lr * (d + momentum * v) with `nesterov`.
struct SgdOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

/// torch.optim.AdamW. I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, arXiv:1711.05101.
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
};

/// SGD on gradients that are scaled layer by layer: d = (g + weight_decay * w) * trust_coefficient * |w| / (|g| +
/// weight_decay * |w| + eps), as timm.optim.Lars has it. A parameter without weight decay (biases, norms: give them a
/// group), or with |w| or |g| zero, is not scaled. Y. You, I. Gitman, B. Ginsburg, "Large Batch Training of Convolutional
/// Networks", arXiv:1708.03888.
struct LarsOptions {
  double lr = 1;
  double momentum = 0.9;
  double weight_decay = 1e-4;
  double trust_coefficient = 1e-3;
  double eps = 1e-8;
  bool nesterov = false;
};

/// Adam's direction plus weight decay, r, scaled layer by layer: w -= lr * |w| / |r| * r; not scaled where LARS would not
/// scale. Y. You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020,
/// arXiv:1904.00962, which clips the gradients to a global norm of 1 as well.
struct LambOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-6;
  double weight_decay = 1e-2;
};

using UpdateOptions = std::variant<SgdOptions, AdamWOptions, LarsOptions, LambOptions>;

/// Where parameters and optimizer state are, and who updates them. The parameters end bit-identical with each, but for
/// kSharded on several hosts, where a reduce-scatter adds gradients in another order than an allreduce.
enum class StatePlacement {
  kReplicated,  ///< every rank has and updates everything
  kHost,        ///< once per host; each of its ranks updates a slice
  kSharded,     ///< parameters on every rank; each rank has and updates a slice of the state (ZeRO, stage 1)
};

/// Exponential moving average of the parameters, updated right behind them.
struct MovingAverageOptions {
  double decay = 0.9999;
  int every = 1;  ///< steps
};

/// "sgd", "adamw", "lars", "lamb"
const char* rule_name(const UpdateOptions& options);

/// Throws UsageError naming the value that makes no sense. `where`: of the options, for the message.
void check_update_options(const UpdateOptions& options, const std::string& where);

/// Every value, so that ranks can compare them: "sgd lr=0.1 momentum=0.9 ...".
std::string describe(const UpdateOptions& options);

double learning_rate_of(const UpdateOptions& options);
void set_learning_rate(UpdateOptions& options, double lr);
double weight_decay_of(const UpdateOptions& options);
void set_weight_decay(UpdateOptions& options, double weight_decay);
/// Of AdamW and LAMB: beta1.
void set_momentum(UpdateOptions& options, double momentum);

}  // namespace skein
