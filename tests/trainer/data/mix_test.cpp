#include "trainer/data/mix.h"

#include <cmath>
#include <memory>
#include <set>

#include "data_test_support.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/loader.h"

namespace skein {
namespace {

using testing::contains;
using testing::message_of;

std::vector<float> floats_of(const RgbImage& image, bool upside_down) {
  std::vector<float> floats;
  for (int row = 0; row < image.height(); ++row)
    for (int i = 0, y = upside_down ? image.height() - 1 - row : row; i < image.width() * 3; ++i) floats.push_back(static_cast<float>(image.row(y)[i]) / 7.0f);
  return floats;
}

TEST(Mix, PixelsAreTorchvisionsBitForBit) {
  const std::vector<float> first = floats_of(testing::pattern(12, 9), false), second = floats_of(testing::pattern(12, 9), true);
  for (const std::string& line : testing::lines_of(testing::expected("mix.txt"))) {
    const auto fields = testing::numbers_of<std::string>(line);
    Mix mix;
    mix.is_cut = fields[0] == "cutmix";
    const double share = std::stod(fields[1]);
    mix.own_share = static_cast<float>(share);
    mix.other_share = static_cast<float>(1.0 - share);
    mix.box = {std::stoi(fields[2]), std::stoi(fields[3]), std::stoi(fields[4]), std::stoi(fields[5])};
    std::vector<float> both = first, other = second;
    mix_image(mix, {12, 9}, both.data(), second.data());
    mix_image(mix, {12, 9}, other.data(), first.data());
    both.insert(both.end(), other.begin(), other.end());
    EXPECT_EQ(testing::crc(both.data(), both.size() * sizeof(float)), fields[6]) << line;
  }
}

TEST(Mix, SharesFollowTheBetaDistribution) {
  for (const double alpha : {0.2, 1.0, 4.0}) {
    double sum = 0, squares = 0;
    constexpr int kNum = 4000;
    for (int batch = 0; batch < kNum; ++batch) {
      const Mix mix = draw_mix({.mixup_alpha = alpha}, {8, 8}, 1, 0, batch);
      EXPECT_FALSE(mix.is_cut);
      EXPECT_GE(mix.own_share, 0.0f);
      EXPECT_LE(mix.own_share, 1.0f);
      EXPECT_NEAR(mix.own_share + mix.other_share, 1.0f, 1e-6);
      sum += mix.own_share;
      squares += mix.own_share * mix.own_share;
    }
    const double mean = sum / kNum, variance = squares / kNum - mean * mean, wanted = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(mean, 0.5, 4 * std::sqrt(wanted / kNum)) << alpha;
    EXPECT_NEAR(variance, wanted, 0.1 * wanted) << alpha;
  }
}

TEST(Mix, ABoxLiesWithinTheImageAndSaysTheShare) {
  const ImageSize size{40, 30};
  double area = 0;
  for (int batch = 0; batch < 2000; ++batch) {
    const Mix mix = draw_mix({.cutmix_alpha = 1.0}, size, 3, 1, batch);
    ASSERT_TRUE(mix.is_cut);
    ASSERT_TRUE(mix.box.left >= 0 && mix.box.top >= 0 && mix.box.width >= 0 && mix.box.height >= 0);
    ASSERT_TRUE(mix.box.left + mix.box.width <= 40 && mix.box.top + mix.box.height <= 30);
    ASSERT_NEAR(mix.other_share, mix.box.width * mix.box.height / 1200.0, 1e-6);
    area += mix.other_share;
  }
  EXPECT_NEAR(area / 2000, 0.3, 0.1);  // half of it, less what the border cuts off
}

TEST(Mix, WithBothACoinDecidesAndABatchesMixIsItsOwn) {
  const MixOptions both{0.2, 1.0};
  int num_cut = 0;
  for (int batch = 0; batch < 1000; ++batch) num_cut += draw_mix(both, {8, 8}, 5, 2, batch).is_cut ? 1 : 0;
  EXPECT_NEAR(num_cut, 500, 64);
  EXPECT_EQ(draw_mix(both, {8, 8}, 5, 2, 7).own_share, draw_mix(both, {8, 8}, 5, 2, 7).own_share);
  EXPECT_NE(draw_mix(both, {8, 8}, 5, 2, 7).own_share, draw_mix(both, {8, 8}, 5, 2, 8).own_share);
  EXPECT_NE(draw_mix(both, {8, 8}, 5, 2, 7).own_share, draw_mix(both, {8, 8}, 5, 3, 7).own_share);
}

TEST(Mix, NonsenseIsRefused) {
  EXPECT_TRUE(contains(message_of<UsageError>([] { check(MixOptions{-1.0, 0.0}); }), "alpha of MixUp is -1"));
  EXPECT_TRUE(contains(message_of<UsageError>([] { check(MixOptions{0.0, INFINITY}); }), "alpha of CutMix is inf"));
}

/// Pictures of different colours; the label is the number.
class Colours : public ImageSource {
 public:
  explicit Colours(size_t num_images, std::vector<size_t> broken = {}) : num_images_(num_images), broken_(std::move(broken)) {
    for (size_t i = 0; i < num_images; ++i) {
      RgbImage image(12, 10);
      for (size_t k = 0; k < image.num_bytes(); ++k) image.data()[k] = static_cast<uint8_t>(i * 16 + k % 13);
      images_.push_back(std::move(image));
    }
  }
  size_t num_images() const override { return num_images_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  int64_t label(size_t index) const override { return static_cast<int64_t>(index); }
  std::string name(size_t index) const override { return concat("colour ", index); }
  StoredImage read(size_t index, std::vector<uint8_t>&) const override {
    if (std::find(broken_.begin(), broken_.end(), index) != broken_.end()) throw DataError("broken " + name(index));
    return {{images_[index].data(), images_[index].num_bytes()}, {12, 10}};
  }

 private:
  size_t num_images_;
  std::vector<size_t> broken_;
  std::vector<RgbImage> images_;
  std::vector<std::string> classes_{"one"};
};

struct Seen {
  std::vector<std::vector<float>> images;
  std::vector<int64_t> labels, mixed;
  std::vector<float> shares;
};

/// Everything of an epoch, in the order of the global batches, by that many ranks with that many workers.
Seen seen_by(const std::shared_ptr<Colours>& source, int world_size, size_t global_batch, int num_workers, const MixOptions& mix,
             int num_repeats = 1) {
  std::vector<std::unique_ptr<Loader>> loaders;
  size_t num_steps = 0;
  for (int rank = 0; rank < world_size; ++rank) {
    const DistributedSampler sampler({.num_samples = source->num_images(), .world_size = world_size, .rank = rank,
                                      .batch_size = global_batch / world_size, .seed = 4, .tail = TailMode::kExact, .num_repeats = num_repeats});
    LoaderOptions options;
    options.batch_size = global_batch / world_size;
    options.num_workers = num_workers;
    options.seed = 4;
    options.unreadable = UnreadablePolicy::kSkip;
    options.transform = TrainTransform{.crop_size = 8};
    options.mix = mix;
    loaders.push_back(std::make_unique<Loader>(source, options));
    loaders.back()->start(sampler.plan(1));
    num_steps = sampler.num_steps();
  }
  Seen seen;
  for (size_t step = 0; step < num_steps; ++step) {
    for (const auto& loader : loaders) {
      const Batch* batch = loader->next();
      if (batch == nullptr) continue;
      for (int i = 0; i < batch->num_images; ++i) {
        const float* image = batch->images.data() + static_cast<size_t>(i) * 8 * 8 * 3;
        seen.images.emplace_back(image, image + 8 * 8 * 3);
        seen.labels.push_back(batch->labels[i]);
        seen.mixed.push_back(batch->mixed_labels.empty() ? -1 : batch->mixed_labels[i]);
        seen.shares.push_back(batch->own_share);
      }
    }
  }
  return seen;
}

TEST(MixingLoader, AnyNumberOfRanksAndWorkersMakesTheSameOfTheSameGlobalBatch) {
  for (const MixOptions& mix : {MixOptions{0.4, 0.0}, MixOptions{0.0, 1.0}, MixOptions{0.4, 1.0}}) {
    for (const int num_repeats : {1, 3}) {
      const auto source = std::make_shared<Colours>(15, std::vector<size_t>{6});
      const Seen wanted = seen_by(source, 1, 8, 0, mix, num_repeats);
      EXPECT_EQ(wanted.images.size(), num_repeats == 1 ? 14u : wanted.images.size());
      for (const auto& [world_size, num_workers] : {std::pair{1, 3}, std::pair{2, 0}, std::pair{2, 2}, std::pair{4, 1}, std::pair{8, 1}}) {
        const Seen found = seen_by(source, world_size, 8, num_workers, mix, num_repeats);
        EXPECT_EQ(found.labels, wanted.labels) << world_size;
        EXPECT_EQ(found.mixed, wanted.mixed) << world_size;
        EXPECT_EQ(found.shares, wanted.shares) << world_size;
        EXPECT_EQ(found.images, wanted.images) << world_size;
      }
    }
  }
}

TEST(MixingLoader, ImagesAreMixedWithTheOneBefore) {
  const auto source = std::make_shared<Colours>(8);
  const Seen plain = seen_by(source, 1, 4, 0, {}), mixed = seen_by(source, 1, 4, 1, {.mixup_alpha = 1.0});
  ASSERT_EQ(mixed.labels, plain.labels);
  for (size_t i = 0; i < 8; ++i) {
    const size_t before = i % 4 == 0 ? i + 3 : i - 1;
    EXPECT_EQ(mixed.mixed[i], plain.labels[before]);
    const float share = mixed.shares[i];
    for (size_t k = 0; k < plain.images[i].size(); ++k)
      EXPECT_NEAR(mixed.images[i][k], share * plain.images[i][k] + (1 - share) * plain.images[before][k], 1e-5);
  }
  EXPECT_NE(mixed.shares[0], mixed.shares[4]);
}

TEST(MixingLoader, WhatCannotBeReadLeavesItsSuccessorUnmixed) {
  const auto whole = std::make_shared<Colours>(6);
  const Seen plain = seen_by(whole, 1, 6, 0, {});
  const auto broken = static_cast<size_t>(plain.labels[2]);
  const Seen found = seen_by(std::make_shared<Colours>(6, std::vector<size_t>{broken}), 1, 6, 0, {.mixup_alpha = 1.0});
  ASSERT_EQ(found.labels.size(), 5u);
  EXPECT_EQ(found.labels[2], plain.labels[3]);
  EXPECT_EQ(found.mixed[2], plain.labels[3]);  // its own
  EXPECT_EQ(found.images[2], plain.images[3]);
  EXPECT_NE(found.images[1], plain.images[1]);
}

TEST(MixingLoader, NeedsASamplersPlan) {
  LoaderOptions options;
  options.mix.mixup_alpha = 1.0;
  Loader loader(std::make_shared<Colours>(4), options);
  EXPECT_TRUE(contains(message_of<UsageError>([&] { loader.start(0, {0, 1}); }), "image before each batch"));
}

TEST(RepeatedAugmentation, AnImageComesBackDifferently) {
  const auto source = std::make_shared<Colours>(8);
  const Seen seen = seen_by(source, 1, 4, 0, {}, 2);
  ASSERT_EQ(seen.labels.size(), 8u);
  EXPECT_EQ(seen.labels[0], seen.labels[2]);  // two images in a batch of four, twice each
  EXPECT_EQ(seen.labels[1], seen.labels[3]);
  EXPECT_NE(seen.labels[0], seen.labels[1]);
  EXPECT_NE(seen.images[0], seen.images[2]);
  const Seen once = seen_by(source, 1, 4, 0, {}, 1);
  EXPECT_EQ(std::set<int64_t>(once.labels.begin(), once.labels.end()).size(), 8u);
  EXPECT_EQ(std::set<int64_t>(seen.labels.begin(), seen.labels.end()).size(), 4u);
}

TEST(RepeatedAugmentation, EveryShareOfEveryLayoutAddsUp) {
  for (const size_t num_samples : {1, 7, 24, 50}) {
    for (const int repeats : {1, 2, 3, 4}) {
      for (const size_t first : {size_t{0}, num_samples / 3}) {
        std::vector<Sample> all;
        const SamplerOptions options{.num_samples = num_samples, .batch_size = 6, .tail = TailMode::kExact, .num_repeats = repeats, .first_position = first};
        const EpochPlan whole = DistributedSampler(options).plan(0);
        EXPECT_EQ(whole.samples.size(), num_samples - first);
        std::set<std::pair<size_t, uint32_t>> different;
        for (const Sample& sample : whole.samples) different.insert({sample.image, sample.repeat});
        EXPECT_EQ(different.size(), whole.samples.size()) << "no appearance comes twice";
        std::vector<std::vector<Sample>> by_rank;
        for (int rank = 0; rank < 3; ++rank) {
          SamplerOptions share = options;
          share.world_size = 3;
          share.rank = rank;
          share.batch_size = 2;
          by_rank.push_back(DistributedSampler(share).plan(0).samples);
        }
        size_t steps = (num_samples - first + 5) / 6, taken[3] = {};
        for (size_t step = 0; step < steps; ++step) {
          SamplerOptions share = options;
          share.world_size = 3;
          share.batch_size = 2;
          const auto counts = DistributedSampler(share).samples_by_rank(step);
          for (int rank = 0; rank < 3; ++rank)
            for (size_t i = 0; i < counts[rank]; ++i) all.push_back(by_rank[rank][taken[rank]++]);
        }
        EXPECT_EQ(all, whole.samples) << num_samples << " samples, " << repeats << " repeats";
      }
    }
  }
}

}  // namespace
}  // namespace skein
