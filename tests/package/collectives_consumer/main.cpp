// A program of its own that uses the installed collectives and has never heard of LibTorch.
#include <skein/collectives.h>

#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  return skein::run_main(argc, argv, [](skein::World& world) {
    auto comm = skein::make_communicator(world);
    std::vector<float> values(1000, static_cast<float>(world.rank() + 1));
    comm->allreduce({values.data(), values.size(), skein::DType::kFloat32}, skein::ReduceOp::kSum, "values");
    const float expected = static_cast<float>(world.world_size() * (world.world_size() + 1)) / 2;
    std::printf("rank %d of %d: %g\n", world.rank(), world.world_size(), values.front());
    return world.world_size() == 2 && values.front() == expected && values.back() == expected ? 0 : 1;
  });
}
