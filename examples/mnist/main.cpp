// A small convolutional network on MNIST or Fashion-MNIST, on all ranks:
//
//   mpirun -np 2 ./mnist DIR [EPOCHS]
//
// DIR holds the four files of the data set, plain or compressed with gzip: train-images-idx3-ubyte, train-labels-idx1-ubyte and the
// same of t10k.

#include <skein/parallel.h>
#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>

#include "trainer/data/import/idx_file.h"

namespace {

/// One part of the data set, "train" or "t10k", in memory: images [1, height, width] from 0 to 1, and their labels.
class Mnist : public torch::data::Dataset<Mnist> {
 public:
  Mnist(const std::string& folder, const std::string& part)
      : images_(std::make_shared<skein::IdxImages>(skein::read_idx_images(file(folder, part + "-images-idx3-ubyte")))),
        labels_(skein::read_idx_labels(file(folder, part + "-labels-idx1-ubyte"))) {}

  torch::data::Example<> get(std::size_t index) override {
    const auto pixels = torch::from_blob(const_cast<std::uint8_t*>(images_->image(index).data()), {1, images_->height, images_->width}, torch::kUInt8);
    return {pixels.to(torch::kFloat32) / 255, torch::tensor(static_cast<std::int64_t>(labels_[index]))};
  }
  torch::optional<std::size_t> size() const override { return images_->num_images; }

 private:
  static std::string file(const std::string& folder, const std::string& name) {
    const std::string plain = folder + "/" + name;
    return std::filesystem::exists(plain) ? plain : plain + ".gz";
  }
  std::shared_ptr<const skein::IdxImages> images_;  // copies of the data set share them
  std::vector<std::uint8_t> labels_;
};

/// 28 x 28 pixels -> 10 classes.
struct NetImpl : torch::nn::Module {
  NetImpl() {
    conv1 = register_module("conv1", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 16, 3).stride(2)));
    conv2 = register_module("conv2", torch::nn::Conv2d(torch::nn::Conv2dOptions(16, 32, 3).stride(2)));
    fc = register_module("fc", torch::nn::Linear(32 * 6 * 6, 10));
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(conv1(x));
    x = torch::relu(conv2(x));
    return fc(x.flatten(1));
  }
  torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(Net);

/// Loss and hits over the images of all ranks; `update` is called where there is something to learn from.
template <class Loader, class Update>
std::pair<double, double> run_epoch(Net& net, Loader& loader, skein::Communicator& comm, Update&& update) {
  torch::Tensor sums = torch::zeros({3}, torch::kFloat64);  // loss, hits, images
  for (auto& batch : loader) {
    const torch::Tensor logits = net(batch.data);
    const torch::Tensor loss = torch::cross_entropy_loss(logits, batch.target);
    update(loss);
    const torch::Tensor hits = logits.argmax(1).eq(batch.target).sum();
    const auto num_images = static_cast<double>(batch.target.size(0));
    sums += torch::tensor({loss.item().toDouble() * num_images, hits.item().toDouble(), num_images},
                          torch::kFloat64);
  }
  skein::allreduce(comm, sums);
  return {sums[0].item<double>() / sums[2].item<double>(), 100 * sums[1].item<double>() / sums[2].item<double>()};
}

int train(skein::World& world, const std::string& folder, int num_epochs) {
  auto comm = skein::make_communicator(world);
  torch::set_num_threads(1);
  torch::manual_seed(1);
  Net net;
  torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  skein::DataParallel parallel(*net, *comm);

  const auto training = Mnist(folder, "train").map(torch::data::transforms::Stack<>());
  const auto test = Mnist(folder, "t10k").map(torch::data::transforms::Stack<>());
  // Every rank takes a share of the images; for exact numbers each test image counts once, so those shares may differ by one.
  torch::data::samplers::DistributedRandomSampler share(training.size().value(), world.world_size(), world.rank());
  const torch::data::samplers::DistributedSequentialSampler test_share(test.size().value(), world.world_size(), world.rank(), /*allow_duplicates=*/false);
  auto test_loader = torch::data::make_data_loader(test, test_share, /*batch_size=*/256);

  for (int epoch = 1; epoch <= num_epochs; ++epoch) {
    share.set_epoch(epoch);  // another order each time
    auto loader = torch::data::make_data_loader(training, share, /*batch_size=*/64);  // keeps a copy of the sampler
    net->train();
    const auto [loss, accuracy] = run_epoch(net, *loader, *comm, [&](const torch::Tensor& batch_loss) {
      sgd.zero_grad();
      batch_loss.backward();  // gradients are averages over all ranks when this returns
      sgd.step();
    });
    net->eval();
    const torch::NoGradGuard no_grad;
    const auto [test_loss, test_accuracy] = run_epoch(net, *test_loader, *comm, [](const torch::Tensor&) {});
    if (world.rank() == 0)
      std::printf("epoch %d: loss %.4f, accuracy %.2f %%; test loss %.4f, accuracy %.2f %%\n", epoch, loss, accuracy, test_loss, test_accuracy);
  }
  skein::check_identical_values(*comm, skein::state_of(*net));  // throws unless all ranks hold the same bits
  if (world.rank() == 0) std::printf("%d ranks hold the same model\n", world.world_size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: mpirun -np 2 %s DIR [EPOCHS]\n", argv[0]);
    return 2;
  }
  return skein::run_main(argc, argv, [&](skein::World& world) { return train(world, argv[1], argc > 2 ? std::atoi(argv[2]) : 2); });
}
