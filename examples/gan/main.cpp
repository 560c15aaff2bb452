// Two networks that learn from one another, each with an optimizer of its own, in alternating steps:
//
//   mpirun -np 2 ./gan [STEPS]
//
// A generator learns to turn noise into points of a ring, which a discriminator learns to tell from real ones. I. Goodfellow et al.,
// "Generative Adversarial Nets", NeurIPS 2014, arXiv:1406.2661.

#include <skein/parallel.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::int64_t kBatch = 64;  // points per rank and step
constexpr std::int64_t kNoise = 8;

torch::nn::Sequential make_net(std::int64_t inputs, std::int64_t outputs) {
  return torch::nn::Sequential(torch::nn::Linear(inputs, 64), torch::nn::LeakyReLU(), torch::nn::Linear(64, 64), torch::nn::LeakyReLU(),
                               torch::nn::Linear(64, outputs));
}

torch::Tensor real_points() {
  const torch::Tensor angle = 2 * M_PI * torch::rand({kBatch});
  const torch::Tensor radius = 2 + 0.1 * torch::randn({kBatch});
  return torch::stack({radius * torch::cos(angle), radius * torch::sin(angle)}, 1);
}

torch::Tensor loss_of(const torch::Tensor& logits, bool is_real) {
  return torch::binary_cross_entropy_with_logits(logits, torch::full_like(logits, is_real ? 1 : 0));
}

int train(skein::World& world, int num_steps) {
  auto comm = skein::make_communicator(world);
  torch::set_num_threads(1);
  torch::manual_seed(1);
  torch::nn::Sequential generator = make_net(kNoise, 2);
  torch::nn::Sequential discriminator = make_net(2, 1);
  const skein::AdamWOptions rule{.lr = 1e-3, .beta1 = 0.5, .weight_decay = 0};
  skein::DistributedOptimizer generator_optimizer(*generator, *comm, rule);
  skein::DistributedOptimizer discriminator_optimizer(*discriminator, *comm, rule);
  torch::manual_seed(100 + world.rank());  // from here on every rank draws points of its own

  for (int step = 1; step <= num_steps; ++step) {
    // The discriminator's turn: generated points count as given.
    const torch::Tensor generated = generator->forward(torch::randn({kBatch, kNoise}));
    const torch::Tensor discriminator_loss =
        loss_of(discriminator->forward(real_points()), true) + loss_of(discriminator->forward(generated.detach()), false);
    discriminator_loss.backward();
    discriminator_optimizer.step();

    // The generator's turn: the gradients that the discriminator gets on the way are not for use.
    const torch::Tensor generator_loss = loss_of(discriminator->forward(generated), true);
    generator_loss.backward();
    generator_optimizer.step();
    discriminator_optimizer.skip();

    if (step % 100 != 0 && step != 1) continue;
    torch::Tensor error = (generated.detach().norm(2, 1) - 2).abs().mean();  // how far from the ring
    skein::allreduce(*comm, error, skein::ReduceOp::kAverage);
    if (world.rank() == 0)
      std::printf("step %d: %.4f from the ring, discriminator loss %.3f, generator loss %.3f\n", step, error.item<double>(),
                  discriminator_loss.item<double>(), generator_loss.item<double>());
  }
  for (const auto& net : {generator, discriminator}) skein::check_identical_values(*comm, skein::state_of(*net));
  if (world.rank() == 0) std::printf("%d ranks hold the same models\n", world.world_size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return skein::run_main(argc, argv, [&](skein::World& world) { return train(world, argc > 1 ? std::atoi(argv[1]) : 600); });
}
