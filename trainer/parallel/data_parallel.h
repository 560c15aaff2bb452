#pragma once
// Data parallelism for any LibTorch module: every rank runs the module on its own data, and every gradient is the
// average over all ranks when backward() returns. S. Li et al., "PyTorch Distributed: Experiences on Accelerating Data
// Parallel Training", VLDB 13 (2020), doi:10.14778/3415478.3415530, is where buckets and overlap come from.

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "trainer/parallel/bucket_plan.h"
#include "trainer/parallel/communication_hook.h"
#include "trainer/parallel/parameter_sync.h"

namespace skein {

struct DataParallelOptions {
  BucketOptions buckets;
  /// Overlap communication with backward. Otherwise gradients are averaged by synchronize(), which the user then calls
  /// after each backward.
  bool overlap = true;
  /// Who averages a bucket; null: AverageHook.
  std::shared_ptr<CommunicationHook> communication_hook;
  /// Names of all parameters in the order in which their gradients travel, as gradient_order() of an earlier training
  /// told it: with more than two hosts the last bits of an average depend on it. Empty: found out by the first backward.
  std::vector<std::string> gradient_order;
};

/// Seconds spent by this rank since the last reset.
struct CommunicationStats {
  double exposed_seconds = 0;  ///< waiting at the end of backward for buckets to complete
  double total_seconds =
      0;  ///< in which buckets travelled, waiting for slower ranks included; more than exposed: hidden
  std::int64_t num_backwards = 0;
};

/// Wrap the module once, after it has its final device, element type and memory format; then train as usual. Module and
/// communicator must outlive it. Use it from the thread that calls backward.
///
/// Gradients live in the communicator's memory: after the first backward parameter.grad() is a view into it, with the
/// parameter's strides. zero_grad() with or without set_to_none may follow. A parameter that took no part in the loss
/// on some ranks gets the average with zeros from those; one that took part on no rank keeps the gradient it had.
///
/// Refused with a UsageError, by name: parameters that change element type or shape after wrapping, sparse gradients,
/// gradients that require grad (create_graph), a module wrapped twice.
class DataParallel {
 public:
  /// Collective. Checks that all ranks hold the same parameters and buffers (MismatchError naming rank and parameter),
  /// gives every rank rank 0's values, and plans the buckets: in reverse order of registration at first, in rank 0's
  /// order of use after the first backward.
  DataParallel(torch::nn::Module& module, Communicator& communicator, const DataParallelOptions& options = {});
  /// Takes the hooks away; never communicates, so it is safe while an exception unwinds. Gradients stay valid.
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  /// While it lives, backward() accumulates gradients on each rank without averaging; the first backward after it
  /// averages what has accumulated. All ranks must use it alike.
  class NoSync {
   public:
    explicit NoSync(DataParallel& parallel);
    ~NoSync();
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;

   private:
    DataParallel& parallel_;
    bool previous_;
  };
  NoSync no_sync() { return NoSync(*this); }

  /// Averages what has accumulated since the last time. Needed without overlap, and on a rank whose loss reached no
  /// parameter at all; otherwise backward() has done it. Collective.
  void synchronize();

  /// Makes the module's buffers (running statistics of BatchNorm) equal on all ranks: floating-point ones the average,
  /// others rank 0's. Call it before evaluation and checkpoints. Collective.
  void synchronize_buffers();

  /// Gives every rank the parameters and buffers of `root`: of the rank that has made every step, which JoinScope::join()
  /// returns. Collective.
  void broadcast_state(int root);

  const CommunicationStats& stats() const;
  void reset_stats();
  /// Names of the parameters in the order in which their gradients travel; empty before the first backward has settled it.
  std::vector<std::string> gradient_order() const;
  /// Number of buckets of the plan now in force.
  std::size_t num_buckets() const;

 private:
  class Reducer;
  torch::nn::Module& module_;
  Communicator& communicator_;
  std::unique_ptr<Reducer> reducer_;
};

}  // namespace skein
