#include "trainer/data/loader.h"

#include <sys/resource.h>

#include <cstring>
#include <numeric>
#include <set>
#include <thread>

#include "data_test_support.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using namespace std::chrono_literals;
using testing::contains;
using testing::message_of;

/// Pictures of a stored PNG, with a label by number; chosen ones are broken, and delivery can be held up.
class FakeSource : public ImageSource {
 public:
  explicit FakeSource(size_t num_images)
      : num_images_(num_images), png_(testing::bytes_of(testing::expected("rgb.png"))) {}
  size_t num_images() const override { return num_images_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  int64_t label(size_t index) const override { return static_cast<int64_t>(index % 10); }
  std::string name(size_t index) const override { return concat("fake/", index, ".png"); }
  StoredImage read(size_t index, std::vector<uint8_t>& buffer) const override {
    std::this_thread::sleep_for(delay);
    ++num_reads;
    if (index == no_memory_at) throw std::bad_alloc();
    buffer = png_;
    if (broken.count(index)) buffer.resize(buffer.size() / 2);
    return {buffer, {}};
  }

  std::set<size_t> broken;
  size_t no_memory_at = static_cast<size_t>(-1);
  std::chrono::microseconds delay{0};
  mutable std::atomic<size_t> num_reads{0};

 private:
  size_t num_images_;
  std::vector<uint8_t> png_;
  std::vector<std::string> classes_{"one"};
};

LoaderOptions options(int num_workers, size_t batch_size = 4) {
  LoaderOptions result;
  result.batch_size = batch_size;
  result.num_workers = num_workers;
  result.transform = TrainTransform{.crop_size = 8};
  result.seed = 3;
  result.timeout = 20s;
  return result;
}

std::vector<size_t> every_image(const ImageSource& source) {
  std::vector<size_t> indices(source.num_images());
  std::iota(indices.rbegin(), indices.rend(), size_t{0});  // last one first
  return indices;
}

/// A copy of what a batch holds.
struct Copy {
  std::vector<size_t> indices;
  std::vector<int64_t> labels;
  std::vector<float> images;
  bool operator==(const Copy&) const = default;
};

std::vector<Copy> epoch_of(Loader& loader, uint64_t epoch, const std::vector<size_t>& indices) {
  loader.start(epoch, indices);
  std::vector<Copy> batches;
  while (const Batch* batch = loader.next()) {
    EXPECT_EQ(batch->labels.size(), static_cast<size_t>(batch->num_images));
    EXPECT_EQ(batch->images.size(), static_cast<size_t>(batch->num_images) * batch->height * batch->width * 3);
    batches.push_back({batch->indices, batch->labels, {batch->images.begin(), batch->images.end()}});
  }
  return batches;
}

class EveryNumberOfWorkers : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Workers, EveryNumberOfWorkers, ::testing::Values(0, 1, 2, 5));

TEST_P(EveryNumberOfWorkers, BatchesComeInTheOrderOfTheIndices) {
  const auto source = std::make_shared<FakeSource>(23);
  Loader loader(source, options(GetParam()));
  const auto indices = every_image(*source);
  const auto batches = epoch_of(loader, 0, indices);
  EXPECT_EQ(loader.num_batches(), 6u);
  ASSERT_EQ(batches.size(), 6u);
  EXPECT_EQ(batches.back().indices.size(), 3u);
  std::vector<size_t> seen;
  for (const Copy& batch : batches) {
    for (size_t i = 0; i < batch.indices.size(); ++i) EXPECT_EQ(batch.labels[i], source->label(batch.indices[i]));
    seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
  }
  EXPECT_EQ(seen, indices);
  EXPECT_EQ(loader.next(), nullptr);
}

TEST_P(EveryNumberOfWorkers, ContentIsThatOfTheCallersThread) {
  const auto source = std::make_shared<FakeSource>(23);
  Loader inline_loader(source, options(0)), loader(source, options(GetParam()));
  const auto indices = every_image(*source);
  const auto first = epoch_of(loader, 7, indices);
  EXPECT_EQ(first, epoch_of(inline_loader, 7, indices));
  EXPECT_EQ(first, epoch_of(loader, 7, indices));
  EXPECT_NE(first, epoch_of(loader, 8, indices));
}

TEST_P(EveryNumberOfWorkers, AnUnreadableImageFailsItsBatchByName) {
  const auto source = std::make_shared<FakeSource>(20);
  source->broken = {9, 10};
  Loader loader(source, options(GetParam()));
  loader.start(0, every_image(*source));  // 19 ... 0: both are in the third batch, 10 first
  EXPECT_NE(loader.next(), nullptr);
  EXPECT_NE(loader.next(), nullptr);
  EXPECT_TRUE(contains(message_of<DataError>([&] { loader.next(); }), "fake/10.png: truncated PNG"));
  EXPECT_TRUE(contains(message_of<DataError>([&] { loader.next(); }), "fake/10.png"));
  loader.start(0, {1, 2, 3});
  EXPECT_EQ(loader.next()->num_images, 3);
}

TEST_P(EveryNumberOfWorkers, AnUnreadableImageIsSkippedAndCounted) {
  const auto source = std::make_shared<FakeSource>(12);
  Loader whole_loader(source, options(0));
  const auto whole = epoch_of(whole_loader, 0, every_image(*source));
  source->broken = {11, 9, 3, 2, 1, 0};
  auto skipping = options(GetParam());
  skipping.unreadable = UnreadablePolicy::kSkip;
  Loader loader(source, skipping);
  const auto batches = epoch_of(loader, 0, every_image(*source));
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].indices, (std::vector<size_t>{10, 8}));
  EXPECT_EQ(batches[0].labels, (std::vector<int64_t>{0, 8}));
  const size_t floats = 8 * 8 * 3;
  EXPECT_TRUE(
      std::equal(batches[0].images.begin(), batches[0].images.begin() + floats, whole[0].images.begin() + floats));
  EXPECT_TRUE(
      std::equal(batches[0].images.begin() + floats, batches[0].images.end(), whole[0].images.begin() + 3 * floats));
  EXPECT_EQ(batches[1], whole[1]);
  EXPECT_TRUE(batches[2].indices.empty());
  EXPECT_EQ(loader.skipped().count, 6u);
  ASSERT_FALSE(loader.skipped().first.empty());
  EXPECT_TRUE(contains(loader.skipped().first[0], "fake/11.png: truncated PNG"));
  EXPECT_TRUE(contains(loader.skipped().first[1], "fake/9.png"));
  loader.start(1, {4});
  EXPECT_EQ(loader.skipped().count, 0u);
}

TEST_P(EveryNumberOfWorkers, OtherErrorsAreNeverSkipped) {
  const auto source = std::make_shared<FakeSource>(12);
  source->no_memory_at = 6;
  auto skipping = options(GetParam());
  skipping.unreadable = UnreadablePolicy::kSkip;
  Loader loader(source, skipping);
  loader.start(0, every_image(*source));
  EXPECT_NE(loader.next(), nullptr);
  EXPECT_THROW(loader.next(), std::bad_alloc);
}

TEST_P(EveryNumberOfWorkers, AnEpochMayBeLeftInTheMiddle) {
  const auto source = std::make_shared<FakeSource>(40);
  source->delay = 200us;
  Loader loader(source, options(GetParam()));
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    loader.start(epoch, every_image(*source));
    for (uint64_t i = 0; i < epoch % 4; ++i) ASSERT_NE(loader.next(), nullptr);
  }
  loader.start(99, {5, 6});
  EXPECT_EQ(loader.next()->indices, (std::vector<size_t>{5, 6}));
  EXPECT_EQ(loader.next(), nullptr);
}

TEST_P(EveryNumberOfWorkers, TheLoaderMayGoInTheMiddleOfAnEpoch) {
  const auto source = std::make_shared<FakeSource>(400);
  source->delay = 200us;
  const auto begin = Clock::now();
  for (int i = 0; i < 20; ++i) {
    Loader loader(source, options(GetParam()));
    loader.start(0, every_image(*source));
    if (i % 2) loader.next();
  }
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST(Loader, GoesWithoutPreparingWhatItCouldStillPrefetch) {
  const auto source = std::make_shared<FakeSource>(400);
  source->delay = 10ms;
  auto deep = options(2);
  deep.prefetch_batches = 100;
  {
    Loader loader(source, deep);
    loader.start(0, every_image(*source));
    std::this_thread::sleep_for(30ms);
  }
  EXPECT_LT(source->num_reads, 100u);
}

/// Until the workers have asked for so many images, and a little longer.
void wait_for_reads(const FakeSource& source, size_t num_reads) {
  const Deadline deadline = Deadline::after(20s);
  while (source.num_reads < num_reads && !deadline.expired()) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(20ms);
}

TEST(Loader, PreparesNoMoreThanThePrefetchDepth) {
  const auto source = std::make_shared<FakeSource>(100);
  auto limited = options(2);
  limited.prefetch_batches = 3;
  Loader loader(source, limited);
  EXPECT_EQ(loader.buffer_bytes(), 4u * 4 * 8 * 8 * 3 * sizeof(float));
  loader.start(0, every_image(*source));
  for (size_t handed_out = 0; handed_out < 5; ++handed_out) {
    const size_t most = (std::max<size_t>(handed_out, 1) - 1 + 4) * 4;  // those before, this one, three ahead
    wait_for_reads(*source, most);
    EXPECT_EQ(source->num_reads, most);
    loader.next();
  }
}

TEST(Loader, IdleWorkersUseNoProcessorTime) {
  const auto source = std::make_shared<FakeSource>(100);
  Loader loader(source, options(4));
  loader.start(0, every_image(*source));
  loader.next();
  wait_for_reads(*source, 3 * 4);
  const auto used = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  };
  const double before = used();
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(used() - before, 3000);  // microseconds
}

TEST(Loader, StorageThatHangsIsATimeoutThatNamesTheImage) {
  const auto source = std::make_shared<FakeSource>(8);
  source->delay = 300ms;
  auto impatient = options(1);
  impatient.timeout = 50ms;
  Loader loader(source, impatient);
  loader.start(4, every_image(*source));
  const std::string message = message_of<TimeoutError>([&] { loader.next(); });
  EXPECT_TRUE(contains(message, "batch 0 of epoch 4"));
  EXPECT_TRUE(contains(message, "fake/7.png"));
}

TEST(Loader, RefusesTheImpossible) {
  const auto source = std::make_shared<FakeSource>(8);
  const auto failure = [&](auto change) {
    auto wrong = options(1);
    change(wrong);
    return message_of<UsageError>([&] { Loader loader(source, wrong); });
  };
  EXPECT_TRUE(contains(failure([](auto& o) { o.batch_size = 0; }), "batch size is 0"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.num_workers = -1; }), "-1 loader workers"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.prefetch_batches = 0; }), "0 batches to prefetch"));
  EXPECT_TRUE(contains(failure([](auto& o) { o.transform = EvalTransform{0, 0}; }), "validation size"));
  Loader loader(source, options(1));
  EXPECT_TRUE(contains(message_of<UsageError>([&] { loader.start(0, {8}); }), "image 8 of 8"));
  loader.start(0, {});
  EXPECT_EQ(loader.next(), nullptr);
}

}  // namespace
}  // namespace skein
