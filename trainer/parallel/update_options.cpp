#include "trainer/parallel/update_options.h"

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

struct Checker {
  const std::string& where;

  void at_least_zero(double value, const char* name) const {
    if (!(value >= 0))
      throw UsageError(concat(where, ": ", name, " is ", value, ", but must not be negative"), concat("give ", name, " >= 0"));
  }
  void below_one(double value, const char* name) const {
    at_least_zero(value, name);
    if (!(value < 1))
      throw UsageError(concat(where, ": ", name, " is ", value, ", but must be below 1"), concat("give 0 <= ", name, " < 1"));
  }
  template <class Momentum>
  void momentum_rule(const Momentum& o) const {
    at_least_zero(o.lr, "lr");
    at_least_zero(o.momentum, "momentum");
    at_least_zero(o.weight_decay, "weight_decay");
    if (o.nesterov && o.momentum == 0)
      throw UsageError(where + ": nesterov needs momentum, but momentum is 0", "give a momentum, usually 0.9");
  }

  void operator()(const SgdOptions& o) const {
    momentum_rule(o);
    if (o.nesterov && o.dampening != 0)
      throw UsageError(where + ": nesterov and dampening exclude one another", "leave dampening at 0");
  }
  void operator()(const LarsOptions& o) const {
    momentum_rule(o);
    at_least_zero(o.trust_coefficient, "trust_coefficient");
    at_least_zero(o.eps, "eps");
  }
  template <class Adam>
  void operator()(const Adam& o) const {
    at_least_zero(o.lr, "lr");
    below_one(o.beta1, "beta1");
    below_one(o.beta2, "beta2");
    at_least_zero(o.eps, "eps");
    at_least_zero(o.weight_decay, "weight_decay");
  }
};

struct Describer {
  std::string operator()(const SgdOptions& o) const {
    return concat("sgd lr=", o.lr, " momentum=", o.momentum, " dampening=", o.dampening, " weight_decay=", o.weight_decay,
                  " nesterov=", o.nesterov);
  }
  std::string operator()(const LarsOptions& o) const {
    return concat("lars lr=", o.lr, " momentum=", o.momentum, " weight_decay=", o.weight_decay,
                  " trust_coefficient=", o.trust_coefficient, " eps=", o.eps, " nesterov=", o.nesterov);
  }
  std::string operator()(const AdamWOptions& o) const { return adam("adamw", o); }
  std::string operator()(const LambOptions& o) const { return adam("lamb", o); }
  template <class Adam>
  static std::string adam(const char* name, const Adam& o) {
    return concat(name, " lr=", o.lr, " beta1=", o.beta1, " beta2=", o.beta2, " eps=", o.eps, " weight_decay=", o.weight_decay);
  }
};

}  // namespace

const char* rule_name(const UpdateOptions& options) {
  constexpr const char* kNames[] = {"sgd", "adamw", "lars", "lamb"};
  return kNames[options.index()];
}

void check_update_options(const UpdateOptions& options, const std::string& where) {
  std::visit(Checker{where}, options);
}

std::string describe(const UpdateOptions& options) {
  return std::visit(Describer{}, options);
}

double learning_rate_of(const UpdateOptions& options) {
  return std::visit([](const auto& o) { return o.lr; }, options);
}

void set_learning_rate(UpdateOptions& options, double lr) {
  std::visit([lr](auto& o) { o.lr = lr; }, options);
}

double weight_decay_of(const UpdateOptions& options) {
  return std::visit([](const auto& o) { return o.weight_decay; }, options);
}

void set_weight_decay(UpdateOptions& options, double weight_decay) {
  std::visit([weight_decay](auto& o) { o.weight_decay = weight_decay; }, options);
}

void set_momentum(UpdateOptions& options, double momentum) {
  std::visit(
      [momentum](auto& o) {
        if constexpr (requires { o.momentum; })
          o.momentum = momentum;
        else
          o.beta1 = momentum;
      },
      options);
}

}  // namespace skein
