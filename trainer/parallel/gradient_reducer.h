#pragma once
// The engine of DataParallel: collects gradients as backward produces them and averages them bucket by bucket.

#include <torch/types.h>

#include <exception>
#include <memory>
#include <vector>

#include "trainer/parallel/data_parallel.h"
#include "trainer/parallel/gradient_hooks.h"
#include "trainer/parallel/gradient_layout.h"

namespace skein {

/// A pass is one backward whose gradients are averaged. Within it every bucket travels once, in plan order; its last
/// act, finish_pass(), runs in the thread that called backward(), after the last gradient.
class DataParallel::Reducer {
 public:
  /// Collective.
  Reducer(std::vector<NamedTensor> parameters, Communicator& communicator, const DataParallelOptions& options);

  /// Neither waits nor communicates. Where buckets are still under way, because an error came in between, their memory
  /// stays until the process ends.
  ~Reducer();
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;

  void set_no_sync(bool value) { no_sync_ = value; }
  bool no_sync() const { return no_sync_; }
  /// Sends what has not been sent, waits for everything, and leaves the averages in the parameters' gradients.
  /// Collective.
  void finish_pass();

  const CommunicationStats& stats() const { return stats_; }
  void reset_stats() { stats_ = {}; }
  std::vector<std::string> gradient_order() const;
  std::size_t num_buckets() const { return layout_.buckets().size(); }

 private:
  struct BucketState {
    std::size_t num_ready = 0;
    Work work;
    bool is_averaged = false;
  };

  void on_accumulated(std::size_t parameter);
  void begin_pass();
  void collect(std::size_t parameter);
  torch::Tensor lend_destination(std::size_t parameter);
  void check_gradient(std::size_t parameter, const torch::Tensor& gradient) const;
  bool lies_in_place(std::size_t parameter) const;
  void mark_ready(std::size_t parameter);
  void launch_ready_buckets();
  void launch_next_bucket();
  void contribute_unready();
  void wait_for_buckets();
  void advance(std::size_t bucket);
  void settle_gradients();
  void follow_order_of_use();
  void arrange(std::vector<std::size_t> order);
  void announce_plan();

  std::vector<NamedTensor> parameters_;
  Communicator& communicator_;
  std::shared_ptr<CommunicationHook> communication_hook_;
  bool overlap_;
  bool no_sync_ = false;
  GradientLayout layout_;
  CommunicationStats stats_;

  // State of the current pass.
  bool in_pass_ = false;
  std::weak_ptr<const int> pass_;  // lives as long as the autograd engine means to end the pass
  std::vector<BucketState> bucket_states_;
  std::size_t num_launched_ = 0;
  std::vector<bool> is_ready_;              // by parameter
  std::vector<torch::Tensor> kept_values_;  // by parameter: what an unused parameter's gradient was
  std::exception_ptr failure_;              // of a hook, thrown when the pass finishes
  // Across passes.
  std::vector<std::uint8_t> is_used_;      // by parameter: since gradients were last averaged
  std::vector<bool> is_lent_;              // by parameter: its place, to who computes the gradient, since then
  std::vector<std::size_t> order_of_use_;  // of this pass, until the order is settled
  bool order_is_settled_ = false;
  std::vector<std::size_t> order_;  // of all parameters, once settled
  std::vector<GradientHook> hooks_;  // last: they call into everything above
};

}  // namespace skein
