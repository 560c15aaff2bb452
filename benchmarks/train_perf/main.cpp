// train_perf: images per second of a data-parallel training step on synthetic data, as Horovod's synthetic benchmark
// measures it, with two bounds: the same step with an empty barrier in place of the averaging, and without any talking.

#include <torch/nn.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/statistics.h"
#include "collectives/make_communicator.h"
#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/process/world.h"
#include "trainer/models/autocast.h"
#include "trainer/models/gemm_conv.h"
#include "trainer/models/memory_format.h"
#include "trainer/models/resnet.h"
#include "trainer/parallel/allocation.h"
#include "trainer/parallel/distributed_optimizer.h"

namespace skein::bench {
namespace {

struct Options {
  std::string model = "resnet18";
  int batch_size = 8;
  int image_size = 64;
  int num_iters = 50;
  int num_warmup = 10;
  int num_threads = 1;
  std::int64_t bucket_mib = 25;
  bool channels_last = true;
  bool gemm_conv = true;
  std::string amp = "off";
  std::string bound = "off";
  std::string update = "host";
  std::string rule = "sgd";
  int num_rounds = 5;
  std::filesystem::path json;
};

void declare(OptionTable& table, Options& options) {
  table.add("--model", options.model, "network").choices(resnet_names());
  table.add("--batch-size,-b", options.batch_size, "images per rank and step").at_least(1).unit("IMAGES");
  table.add("--image-size", options.image_size, "height and width of the images").at_least(32).unit("PIXELS");
  table.add("--num-iters", options.num_iters, "steps measured").at_least(1);
  table.add("--num-warmup", options.num_warmup, "steps before measuring").at_least(1);
  table.add("--threads", options.num_threads, "threads per rank for computation").at_least(1);
  table.add("--bucket-mib", options.bucket_mib, "gradients that travel together, in MiB").at_least(1);
  table.add("--channels-last", options.channels_last, "keep the channels of a pixel together in memory");
  table.add("--gemm-conv", options.gemm_conv, "convolutions of few pixels as matrix products; else LibTorch computes all of them");
  table.add("--amp", options.amp, "automatic mixed precision").choices({"off", "bf16"});
  table
      .add("--update", options.update,
           "host: the ranks of a host keep parameters and optimizer state once and update them together; replicated: every "
           "rank all of them; sharded: every rank a slice of the state (ZeRO-1); torch: LibTorch's own SGD on every rank")
      .choices({"host", "replicated", "sharded", "torch"});
  table.add("--rule", options.rule, "optimizer").choices({"sgd", "adamw", "lars", "lamb"});
  table
      .add("--bound", options.bound,
           "replace the averaging: barrier waits for the other ranks only, none does not talk at all")
      .choices({"off", "barrier", "none"});
  table
      .add("--rounds", options.num_rounds,
           "rounds in which the step takes turns with its empty-barrier bound, for exposed_comm_ms; 0: the step alone")
      .at_least(0);
  table.add("--json", options.json, "write the figures to this file").unit("FILE").not_compared();
}

StatePlacement placement_of(const std::string& update) {
  if (update == "host") return StatePlacement::kHost;
  return update == "sharded" ? StatePlacement::kSharded : StatePlacement::kReplicated;
}

UpdateOptions rule_of(const std::string& rule) {
  if (rule == "adamw") return AdamWOptions{};
  if (rule == "lars") return LarsOptions{};
  if (rule == "lamb") return LambOptions{};
  return SgdOptions{.lr = 0.01, .momentum = 0.9, .weight_decay = 1e-4};
}

class Trainee {
 public:
  Trainee(Communicator& comm, const Options& options, const std::string& bound)
      : comm_(comm), options_(options), waits_(bound == "barrier"), model_(make_model(options)) {
    torch::manual_seed(1 + comm.rank());
    images_ = torch::randn({options.batch_size, 3, options.image_size, options.image_size});
    if (options.channels_last) images_ = images_.contiguous(torch::MemoryFormat::ChannelsLast);
    labels_ = torch::randint(1000, {options.batch_size}, torch::kLong);
    BucketOptions buckets;
    buckets.bucket_bytes = static_cast<std::size_t>(options.bucket_mib) << 20;
    const bool talks = bound == "off";
    if (options.update == "torch") {
      optimizer_ = std::make_unique<torch::optim::SGD>(
          model_->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9).weight_decay(1e-4));
      if (talks) parallel_ = std::make_unique<DataParallel>(*model_, comm, DataParallelOptions{.buckets = buckets});
      return;
    }
    if (!talks) alone_ = comm.split({comm.rank()});
    DistributedOptimizerOptions more;
    more.placement = talks ? placement_of(options.update) : StatePlacement::kReplicated;
    more.buckets = buckets;
    distributed_ =
        std::make_unique<DistributedOptimizer>(*model_, talks ? comm : *alone_, rule_of(options.rule), more);
  }

  void step() {
    if (optimizer_) optimizer_->zero_grad();
    loss().backward();
    if (waits_) comm_.barrier("empty barrier");
    distributed_ ? void(distributed_->step()) : void(optimizer_->step());
  }
  CommunicationStats stats() { return parallel() ? parallel()->stats() : CommunicationStats{}; }
  void reset_stats() {
    if (parallel()) parallel()->reset_stats();
  }

 private:
  static Resnet make_model(const Options& options) {
    torch::manual_seed(0);
    Resnet model = make_resnet(options.model, 1000);
    if (options.channels_last) to_channels_last(*model);
    use_gemm(*model, options.gemm_conv);
    return model;
  }
  DataParallel* parallel() { return distributed_ ? &distributed_->parallel() : parallel_.get(); }
  torch::Tensor loss() {
    const AutocastGuard autocast(c10::kCPU, torch::kBFloat16, options_.amp == "bf16");
    return torch::nn::functional::cross_entropy(model_(images_).to(torch::kFloat32), labels_);
  }

  Communicator& comm_;
  const Options& options_;
  bool waits_;
  Resnet model_;
  torch::Tensor images_;
  torch::Tensor labels_;
  std::unique_ptr<Communicator> alone_;  // of a bound: this rank
  // Either Skein's optimizer or LibTorch's with or without averaging.
  std::unique_ptr<DistributedOptimizer> distributed_;
  std::unique_ptr<torch::optim::SGD> optimizer_;
  std::unique_ptr<DataParallel> parallel_;
};

/// What one kind of step took.
struct Times {
  std::vector<double> milliseconds;  // of each step, on this rank
  double elapsed_seconds = 0;        // of all steps
};

void run_steps(Communicator& comm, Trainee& trainee, int num_steps, Times& times) {
  comm.barrier("start");
  const auto begin = Clock::now();
  auto previous = begin;
  for (int i = 0; i < num_steps; ++i) {
    trainee.step();
    const auto now = Clock::now();
    times.milliseconds.push_back(std::chrono::duration<double, std::milli>(now - previous).count());
    previous = now;
  }
  times.elapsed_seconds += std::chrono::duration<double>(previous - begin).count();
}

double mean_over_ranks(Communicator& comm, double value) {
  comm.allreduce({&value, 1, DType::kFloat64}, ReduceOp::kAverage, "figure");
  return value;
}

double slowest_rank(Communicator& comm, double value) {
  comm.allreduce({&value, 1, DType::kFloat64}, ReduceOp::kMax, "figure");
  return value;
}

/// Memory of this process, pages that others share counted in part.
double proportional_set_mib() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string word; file >> word;)
    if (double kib = 0; word == "Pss:" && file >> kib) return kib / 1024;
  return 0;
}

/// The step, in turns with its empty-barrier bound when that is asked for.
nlohmann::json measure(Communicator& comm, const Options& options) {
  const int num_rounds = options.bound == "off" && comm.world_size() > 1 ? options.num_rounds : 0;
  Trainee step(comm, options, options.bound);
  std::unique_ptr<Trainee> barrier_step;
  if (num_rounds > 0) barrier_step = std::make_unique<Trainee>(comm, options, "barrier");
  Times warmup;
  run_steps(comm, step, 1, warmup);
  keep_freed_memory();
  forget_startup();
  run_steps(comm, step, options.num_warmup - 1, warmup);
  if (barrier_step) run_steps(comm, *barrier_step, options.num_warmup, warmup);
  step.reset_stats();
  Times times;
  Times barrier_times;
  const int num_turns = std::max(1, num_rounds);
  for (int turn = 0; turn < num_turns; ++turn) {
    const int num_steps = options.num_iters * (turn + 1) / num_turns - options.num_iters * turn / num_turns;
    run_steps(comm, step, num_steps, times);
    if (barrier_step) run_steps(comm, *barrier_step, num_steps, barrier_times);
  }

  const CommunicationStats stats = step.stats();
  const double per_step = 1000.0 / options.num_iters;
  const double elapsed = slowest_rank(comm, times.elapsed_seconds);
  const double per_rank = options.batch_size * options.num_iters / elapsed;
  const double step_ms = mean_over_ranks(comm, median(times.milliseconds));
  const double wait_ms = mean_over_ranks(comm, stats.exposed_seconds * per_step);
  const double total_ms = mean_over_ranks(comm, stats.total_seconds * per_step);
  nlohmann::json figures{{"images_per_second", per_rank * comm.world_size()},
                         {"images_per_second_per_rank", per_rank},
                         {"step_ms", step_ms},
                         {"step_ms_sd", mean_over_ranks(comm, deviation(times.milliseconds))},
                         {"end_of_backward_wait_ms", wait_ms},
                         {"hidden_comm_ms", std::max(0.0, total_ms - wait_ms)}};
  if (barrier_step) {
    const double barrier_ms = mean_over_ranks(comm, median(barrier_times.milliseconds));
    figures["barrier_step_ms"] = barrier_ms;
    figures["exposed_comm_ms"] = step_ms - barrier_ms;
  }
  figures["pss_mib"] = mean_over_ranks(comm, proportional_set_mib());
  return figures;
}

void print(const nlohmann::json& figures, const Options& options, int world_size) {
  const auto figure = [&](const char* key) { return figures[key].get<double>(); };
  std::printf("%s, batch %d a rank, %d x %d, amp %s, bound %s, update %s, %d rank(s)\n", options.model.c_str(),
              options.batch_size, options.image_size, options.image_size, options.amp.c_str(), options.bound.c_str(),
              options.update.c_str(), world_size);
  std::printf("images/s: %.1f in total, %.1f a rank\n", figure("images_per_second"),
              figure("images_per_second_per_rank"));
  std::printf("step: %.2f ms median, %.2f ms standard deviation\n", figure("step_ms"), figure("step_ms_sd"));
  if (figures.contains("exposed_comm_ms"))
    std::printf("communication exposed: %.2f ms a step (step with an empty barrier: %.2f ms)\n",
                figure("exposed_comm_ms"), figure("barrier_step_ms"));
  std::printf("memory: %.0f MiB a rank (proportional set size)\n", figure("pss_mib"));
  std::printf("waiting at the end of backward: %.2f ms a step; communication hidden behind it: %.2f ms\n",
              figure("end_of_backward_wait_ms"), figure("hidden_comm_ms"));
}

void run(World& world, const OptionTable& table, const Options& options) {
  at::set_num_threads(options.num_threads);
  if (options.update == "torch" && options.rule != "sgd")
    throw UsageError("--update torch is LibTorch's SGD, but --rule is " + options.rule, "leave one of them out");
  Report report(options.json, table, world);
  auto comm = make_communicator(world);
  const nlohmann::json figures = measure(*comm, options);
  if (world.rank() != 0) return;
  print(figures, options, world.world_size());
  report.write(figures);
}

}  // namespace
}  // namespace skein::bench

int main(int argc, char** argv) {
  skein::bench::Options options;
  skein::OptionTable table(
      "train_perf", "Measures a data-parallel training step on synthetic images. Start it with mpirun.", SKEIN_VERSION);
  skein::bench::declare(table, options);
  return skein::bench::benchmark_main(argc, argv, table, [&](skein::World& world) {
    skein::return_freed_memory();
    skein::bench::run(world, table, options);
    return 0;
  });
}
