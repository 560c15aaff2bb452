#include "tests/collectives/conformance/numeric_step.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/process/text.h"
#include "tests/collectives/scalar_reference.h"

namespace skein {
namespace {

using Limits = std::numeric_limits<double>;

enum class Numbers { kRounded, kSpecial };

/// Of the last place of 1 in the type.
double epsilon(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return std::ldexp(1, -52);
    case DType::kFloat32:
      return std::ldexp(1, -23);
    case DType::kFloat16:
      return std::ldexp(1, -10);
    default:
      return std::ldexp(1, -7);
  }
}

/// Positive number of the type.
double smallest(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return Limits::denorm_min();
    case DType::kFloat32:
      return std::numeric_limits<float>::denorm_min();
    case DType::kFloat16:
      return std::ldexp(1, -24);
    default:
      return std::ldexp(1, -133);
  }
}

double rounded_number(ReduceOp op, Random& random) {
  const double mantissa = 0.5 + static_cast<double>(random() % 1000003) / 2000006;
  const double sign = random() % 2 == 0 ? 1 : -1;
  if (op == ReduceOp::kProduct) return sign * (0.5 + mantissa);
  return sign * std::ldexp(mantissa, static_cast<int>(random() % 12) - 8);
}

double special_number(ReduceOp op, Random& random) {
  static constexpr double kOfAll[] = {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), 0.0, -0.0, 1.0,
                                      -1.0};
  static constexpr double kTiny[] = {6e-8, -1.2e-7, 1e-39, -1e-45, 4.9e-324};  // subnormal in some type
  if (random() % 4 != 0) return static_cast<double>(random() % 5) - 2;
  const auto draw = random() % (std::size(kOfAll) + std::size(kTiny));
  if (draw < std::size(kOfAll)) return kOfAll[draw];
  return op == ReduceOp::kProduct ? 2.0 : kTiny[draw - std::size(kOfAll)];
}

/// On one host elements are combined in the order of the ranks, and the result must be the reference's bit by bit; on
/// several hosts sums may differ by their roundings, but not between ranks.
class NumericStep final : public Step {
 public:
  NumericStep(Team& team, Random& random)
      : team_(team), n_(team.communicator.world_size()), dtype_(static_cast<DType>(below(random, kNumDTypes))) {
    if (is_floating(dtype_) && below(random, 6) == 0) {
      op_ = ReduceOp::kAdasum;
    } else {
      const auto ops = reduce_ops_of(dtype_);
      op_ = ops[below(random, ops.size())];
    }
    numbers_ = op_ == ReduceOp::kAdasum || below(random, 2) == 0 ? Numbers::kRounded : Numbers::kSpecial;
    scatters_ = op_ != ReduceOp::kAdasum && below(random, 3) == 0;
    if (is_floating(dtype_) && op_ != ReduceOp::kAdasum && below(random, 4) == 0) scales_ = {0.3, 1.7};
    block_ = 1 + below(random, below(random, 8) == 0 ? 30000 / n_ : 400);
    for (int rank = 0; rank < n_; ++rank) inputs_.push_back(numbers(random));
    if (below(random, 3) == 0) arena_ = team.arenas.take();
  }

  void begin(bool asynchronous) override {
    Communicator& communicator = team_.communicator;
    memory_ = inputs_[communicator.rank()];
    input_ = {arena_ ? arena_->data.get() : memory_.data(), count(), dtype_};
    if (arena_) std::copy(memory_.begin(), memory_.end(), arena_->data.get());
    result_ = input_;
    if (scatters_) result_ = block_of(input_, block_, communicator.rank());
    if (!asynchronous && scatters_) return communicator.reduce_scatter(input_, result_, op_, "numbers", {}, scales_);
    if (!asynchronous) return communicator.allreduce(input_, op_, "numbers", scales_);
    work_ = scatters_ ? communicator.reduce_scatter_async(input_, result_, op_, "numbers", {}, scales_)
                      : communicator.allreduce_async(input_, op_, "numbers", scales_);
  }

  testing::AssertionResult finish() override {
    if (work_.valid()) work_.wait(Deadline::after(std::chrono::seconds(50)));
    if (!scatters_)
      if (auto equal = equal_on_all_ranks(team_.communicator, result_); !equal) return equal;
    if (op_ == ReduceOp::kAdasum) return is_adasum();
    const bool never_rounds =
        !is_floating(dtype_) || ((op_ == ReduceOp::kMin || op_ == ReduceOp::kMax) && scales_ == Scales{});
    return team_.on_one_host() || never_rounds ? is_exact() : is_near();
  }

  std::string describe() const override {
    return concat(scatters_ ? "reduce_scatter" : "allreduce", " of ", dtype_name(dtype_), " x ", count(), ", ",
                  reduce_op_name(op_), numbers_ == Numbers::kSpecial ? " of special numbers" : " with rounding",
                  arena_ ? " in the arena" : "", " scales ", scales_.pre, " ", scales_.post);
  }

 private:
  std::size_t count() const { return scatters_ ? block_ * n_ : block_; }
  std::size_t first() const { return scatters_ ? block_ * team_.communicator.rank() : 0; }

  std::vector<std::byte> numbers(Random& random) const {
    std::vector<std::byte> bytes(count() * dtype_bytes(dtype_));
    if (!is_floating(dtype_)) {
      for (std::byte& b : bytes) b = static_cast<std::byte>(random());
      return bytes;
    }
    for (std::size_t i = 0; i < count(); ++i)
      store_element(dtype_, bytes.data(), i,
                    numbers_ == Numbers::kSpecial ? special_number(op_, random) : rounded_number(op_, random));
    return bytes;
  }

  std::vector<std::byte> reference() const {
    std::vector<const void*> sources;
    for (const auto& input : inputs_) sources.push_back(input.data() + first() * dtype_bytes(dtype_));
    Scales scales = scales_;
    if (op_ == ReduceOp::kAverage) scales.post /= n_;
    return reduce_arrays(sources, result_.count, dtype_, op_, scales);
  }

  testing::AssertionResult is_exact() const {
    const auto expected = reference();
    const auto different = first_difference(dtype_, op_, result_.data, expected.data(), result_.count);
    if (!different) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "element " << *different << " is "
                                       << load_element(dtype_, result_.data, *different) << " instead of "
                                       << load_element(dtype_, expected.data(), *different);
  }

  /// How far from the reference an element may be: a rounding for each rank, in the type that crosses between hosts.
  double tolerance(std::size_t i, double expected) const {
    if (op_ == ReduceOp::kProduct) return (n_ + 2) * epsilon(dtype_) * std::abs(expected);
    double magnitude = 0;
    for (const auto& input : inputs_) magnitude += std::abs(load_element(dtype_, input.data(), first() + i));
    magnitude *= std::abs(scales_.pre * scales_.post) / (op_ == ReduceOp::kAverage ? n_ : 1);
    return (n_ + 2) * (epsilon(dtype_) * magnitude + smallest(dtype_));
  }

  testing::AssertionResult is_near() const {
    const auto expected = reference();
    for (std::size_t i = 0; i < result_.count; ++i) {
      const double a = load_element(dtype_, result_.data, i);
      const double b = load_element(dtype_, expected.data(), i);
      if ((std::isnan(a) && std::isnan(b)) || a == b || std::abs(a - b) <= tolerance(i, b)) continue;
      return testing::AssertionFailure() << "element " << i << " is " << a << " instead of " << b << " within "
                                         << tolerance(i, b);
    }
    return testing::AssertionSuccess();
  }

  testing::AssertionResult is_adasum() const {
    std::vector<std::vector<double>> vectors(n_, std::vector<double>(count()));
    double largest = 0;
    for (int rank = 0; rank < n_; ++rank)
      for (std::size_t i = 0; i < count(); ++i) {
        vectors[rank][i] = load_element(dtype_, inputs_[rank].data(), i);
        largest = std::max(largest, std::abs(vectors[rank][i]));
      }
    const std::vector<double> expected = adasum_of(vectors);
    const double working = dtype_ == DType::kFloat64 ? epsilon(dtype_) : epsilon(DType::kFloat32);
    for (std::size_t i = 0; i < count(); ++i) {
      const double found = load_element(dtype_, result_.data, i);
      const double allowed = epsilon(dtype_) * std::abs(expected[i]) + 50 * n_ * working * largest + 6e-8;
      if (!(std::abs(found - expected[i]) <= allowed))
        return testing::AssertionFailure() << "element " << i << " is " << found << " instead of " << expected[i];
    }
    return testing::AssertionSuccess();
  }

  Team& team_;
  int n_;
  DType dtype_;
  ReduceOp op_;
  Numbers numbers_;
  bool scatters_;
  Scales scales_;
  std::size_t block_;  // elements
  std::vector<std::vector<std::byte>> inputs_;  // of all ranks
  std::shared_ptr<SharedMemory> arena_;
  std::vector<std::byte> memory_;
  Buffer input_;
  Buffer result_;
  Work work_;
};

}  // namespace

std::unique_ptr<Step> make_numeric_step(Team& team, Random& random) {
  return std::make_unique<NumericStep>(team, random);
}

}  // namespace skein
