// A program of its own that trains a small module on all ranks with the installed package: y = x . (1, 2, 3, 4).
#include <skein/parallel.h>
#include <torch/torch.h>

#include <cstdio>

int main(int argc, char** argv) {
  return skein::run_main(argc, argv, [](skein::World& world) {
    auto comm = skein::make_communicator(world);
    torch::manual_seed(world.rank());  // other weights and other data on each rank
    torch::nn::Linear net(4, 1);
    net->to(skein::torch_device(world));
    torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
    skein::DataParallel parallel(*net, *comm);
    torch::Tensor truth = torch::tensor({{1.0F}, {2.0F}, {3.0F}, {4.0F}});
    for (int step = 0; step < 200; ++step) {
      torch::Tensor data = torch::randn({8, 4});
      sgd.zero_grad();
      torch::mse_loss(net(data), data.matmul(truth)).backward();
      sgd.step();
    }
    torch::Tensor sum = net->weight.detach().clone();
    skein::allreduce(*comm, sum);
    bool equal = torch::equal(sum, net->weight * world.world_size());  // exact for two ranks
    bool learnt = torch::allclose(net->weight.t(), truth, 1e-2, 1e-2);
    std::printf("rank %d of %d: equal %d, learnt %d\n", world.rank(), world.world_size(), equal, learnt);
    return world.world_size() == 2 && equal && learnt ? 0 : 1;
  });
}
