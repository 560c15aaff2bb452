#include "trainer/parallel/update_rule.h"

#include <cmath>

namespace skein {
namespace {

bool scales_layers(double weight_decay, double parameter_norm, double other_norm) {
  return weight_decay != 0 && parameter_norm > 0 && other_norm > 0;
}

struct ScalarsOf {
  std::int64_t step;
  double gradient_scale;
  double trust;
  using Result = std::variant<SgdScalars, AdamScalars>;

  Result operator()(const SgdOptions& o) const {
    return SgdScalars{o.lr, o.momentum, step == 1 ? 1 : 1 - o.dampening, o.weight_decay, gradient_scale, trust, o.nesterov};
  }
  Result operator()(const LarsOptions& o) const {
    return SgdScalars{o.lr, o.momentum, 1, o.weight_decay, gradient_scale, trust, o.nesterov};
  }
  template <class Adam>
  Result operator()(const Adam& o) const {
    const auto t = static_cast<double>(step);
    return AdamScalars{o.lr,           o.beta1, o.beta2, o.eps, o.weight_decay, 1 - std::pow(o.beta1, t), 1 - std::pow(o.beta2, t),
                       gradient_scale};
  }
};

struct StateNames {
  using Names = std::vector<std::string>;
  Names operator()(const SgdOptions& o) const { return o.momentum != 0 ? Names{"momentum"} : Names{}; }
  Names operator()(const LarsOptions& o) const { return o.momentum != 0 ? Names{"momentum"} : Names{}; }
  template <class Adam>
  Names operator()(const Adam&) const {
    return {"exp_avg", "exp_avg_sq"};
  }
};

}  // namespace

std::vector<std::string> state_names(const UpdateOptions& options) {
  return std::visit(StateNames{}, options);
}

bool needs_norms(const UpdateOptions& options) {
  return std::holds_alternative<LarsOptions>(options);
}

bool finds_direction(const UpdateOptions& options) {
  return std::holds_alternative<LambOptions>(options);
}

double lars_trust(const UpdateOptions& options, double parameter_norm, double gradient_norm) {
  const auto* lars = std::get_if<LarsOptions>(&options);
  if (lars == nullptr || !scales_layers(lars->weight_decay, parameter_norm, gradient_norm)) return 1;
  return lars->trust_coefficient * parameter_norm / (gradient_norm + lars->weight_decay * parameter_norm + lars->eps);
}

double lamb_factor(const UpdateOptions& options, double parameter_norm, double direction_norm) {
  const auto& lamb = std::get<LambOptions>(options);
  const bool scales = scales_layers(lamb.weight_decay, parameter_norm, direction_norm);
  return -lamb.lr * (scales ? parameter_norm / direction_norm : 1);
}

ParameterUpdate::ParameterUpdate(const UpdateOptions& options, std::int64_t step, double gradient_scale, double trust)
    : rule_(options.index()), scalars_(std::visit(ScalarsOf{step, gradient_scale, trust}, options)) {}

void ParameterUpdate::apply(const UpdateBlock& block) const {
  if (const auto* sgd = std::get_if<SgdScalars>(&scalars_))
    return sgd_update(block.type, block.parameter, block.gradient, block.states[0], block.count, *sgd);
  const auto& adam = std::get<AdamScalars>(scalars_);
  if (rule_ == UpdateOptions(AdamWOptions{}).index())
    adamw_update(block.type, block.parameter, block.gradient, block.states[0], block.states[1], block.count, adam);
  else
    lamb_direction(block.type, block.parameter, block.gradient, block.states[0], block.states[1], block.count, adam);
}

}  // namespace skein
