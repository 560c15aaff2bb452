// A dataset of one's own, Skein's optimizer, and checkpoints from which the training goes on:
//
//   mpirun -np 2 ./custom_dataset FOLDER [EPOCHS]
//
// tells three spirals apart. What has been learnt is kept in FOLDER after each epoch; started again, it goes on from there.

#include <skein/parallel.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace {

/// Points on three arms of a spiral, with noise. Anything with get() and size() will do: a file, a database, a simulation.
class Spirals : public torch::data::Dataset<Spirals> {
 public:
  explicit Spirals(std::size_t num_points) : num_points_(num_points) {}

  /// The same point for an index wherever it is asked for, so that ranks and runs agree.
  torch::data::Example<> get(std::size_t index) override {
    const auto arm = static_cast<std::int64_t>(index % 3);
    const double radius = std::fmod(0.618034 * static_cast<double>(index), 1.0);
    const double noise = 0.1 * std::sin(12.9898 * static_cast<double>(index));
    const double angle = 4 * radius + 2 * M_PI / 3 * static_cast<double>(arm) + noise;
    return {torch::tensor({radius * std::cos(angle), radius * std::sin(angle)}, torch::kFloat32), torch::tensor(arm)};
  }
  torch::optional<std::size_t> size() const override { return num_points_; }

 private:
  std::size_t num_points_;
};

torch::nn::Sequential make_net() {
  return torch::nn::Sequential(torch::nn::Linear(2, 64), torch::nn::ReLU(), torch::nn::Linear(64, 64), torch::nn::ReLU(),
                               torch::nn::Linear(64, 3));
}

/// From the newest checkpoint, where there is one: rank 0 looks, and load_training_state hands on what it has found. Returns the
/// epochs that are done.
std::int64_t go_on(const std::string& folder, torch::nn::Sequential& net, skein::DistributedOptimizer& optimizer, skein::Communicator& comm) {
  std::int64_t epoch = 0;
  skein::TensorMap state;
  if (comm.rank() == 0)
    if (const auto found = skein::newest_checkpoint(folder)) {
      epoch = found->checkpoint.step;
      state = found->checkpoint.tensors;
    }
  comm.broadcast({&epoch, 1, skein::DType::kInt64}, 0);
  if (epoch > 0) skein::load_training_state(*net, optimizer, comm, state);
  return epoch;
}

int train(skein::World& world, const std::string& folder, int num_epochs) {
  auto comm = skein::make_communicator(world);
  torch::set_num_threads(1);
  torch::manual_seed(1);
  torch::nn::Sequential net = make_net();
  skein::DistributedOptimizer optimizer(*net, *comm, skein::AdamWOptions{.lr = 5e-3});

  std::int64_t epoch = go_on(folder, net, optimizer, *comm);
  if (epoch > 0 && world.rank() == 0) std::printf("goes on after epoch %d\n", static_cast<int>(epoch));
  skein::CheckpointWriter writer(folder);  // writes while the training goes on; only rank 0's is used

  const auto dataset = Spirals(3000).map(torch::data::transforms::Stack<>());
  torch::data::samplers::DistributedRandomSampler share(dataset.size().value(), world.world_size(), world.rank());
  while (epoch < num_epochs) {
    share.set_epoch(static_cast<std::size_t>(epoch));  // another order each time
    auto loader = torch::data::make_data_loader(dataset, share, /*batch_size=*/50);  // keeps a copy of the sampler
    torch::Tensor sums = torch::zeros({2}, torch::kFloat64);  // loss, points
    for (auto& batch : *loader) {
      const torch::Tensor loss = torch::cross_entropy_loss(net->forward(batch.data), batch.target);
      loss.backward();
      optimizer.step();
      const auto num_points = static_cast<double>(batch.target.size(0));
      sums += torch::tensor({loss.item<double>() * num_points, num_points}, torch::kFloat64);
    }
    skein::allreduce(*comm, sums);
    ++epoch;
    if (world.rank() == 0) std::printf("epoch %d: loss %.6f\n", static_cast<int>(epoch), sums[0].item<double>() / sums[1].item<double>());
    skein::TensorMap tensors = skein::training_state(*net, optimizer);  // of all ranks, on rank 0
    if (world.rank() == 0) writer.write({.step = epoch, .tensors = std::move(tensors)});
  }
  writer.wait();
  skein::check_identical_values(*comm, skein::state_of(*net));  // throws unless all ranks hold the same bits
  if (world.rank() == 0) std::printf("%d ranks hold the same model\n", world.world_size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: mpirun -np 2 %s FOLDER [EPOCHS]\n", argv[0]);
    return 2;
  }
  return skein::run_main(argc, argv, [&](skein::World& world) { return train(world, argv[1], argc > 2 ? std::atoi(argv[2]) : 5); });
}
