// Caches of a source that counts how often it is asked.
#include <barrier>
#include <functional>
#include <thread>

#include "data_test_support.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/cache/available_memory.h"
#include "trainer/data/cache/disk_cache.h"
#include "trainer/data/cache/memory_cache.h"

namespace skein {
namespace {

using namespace skein::testing;
namespace fs = std::filesystem;

size_t length_of(size_t index) {
  return 100 + index / 4;
}

/// Image i is length_of(i) bytes of value i; odd ones are raw.
class CountingSource : public ImageSource {
 public:
  size_t num_images() const override { return 20; }
  const std::vector<std::string>& classes() const override { return classes_; }
  int64_t label(size_t index) const override { return static_cast<int64_t>(index % 2); }
  std::string name(size_t index) const override { return concat("/slow/", relative_name(index)); }
  std::string relative_name(size_t index) const override { return concat("bird/", index, ".jpg"); }
  std::string place() const override { return "/slow"; }
  StoredImage read(size_t index, std::vector<uint8_t>& buffer) const override {
    ++num_reads;
    if (index == broken) throw DataError(concat("cannot read ", name(index)));
    if (during_read) during_read();
    buffer.assign(length_of(index), static_cast<uint8_t>(index + shade));
    return {buffer, index % 2 == 1 ? ImageSize{static_cast<int>(index), 3} : ImageSize{}};
  }
  ImageStamp stamp(size_t index) const override {
    ++num_stamps;
    return {length_of(index), modified_ns};
  }

  mutable std::atomic<int> num_reads{0};
  mutable std::atomic<int> num_stamps{0};
  size_t broken = 99;
  int shade = 0;
  int64_t modified_ns = 7;
  std::function<void()> during_read;

 private:
  std::vector<std::string> classes_{"emu", "hen"};
};

void expect_image(const ImageSource& source, size_t index, int shade = 0) {
  std::vector<uint8_t> buffer;
  const StoredImage image = source.read(index, buffer);
  ASSERT_EQ(image.bytes.size(), length_of(index));
  for (const uint8_t byte : image.bytes) ASSERT_EQ(byte, index + static_cast<size_t>(shade));
  EXPECT_EQ(image.raw, index % 2 == 1 ? (ImageSize{static_cast<int>(index), 3}) : ImageSize{});
}

void expect_all(const ImageSource& source) {
  for (size_t i = 0; i < source.num_images(); ++i) expect_image(source, i);
}

class Caches : public ::testing::Test {
 protected:
  DiskCache disk(uint64_t limit = 1 << 20) const {
    return DiskCache(source, std::make_shared<CacheBudget>(limit, cache()), cache());
  }
  fs::path cache() const { return folder.path() / "cache"; }

  TemporaryFolder folder;
  std::shared_ptr<CountingSource> source = std::make_shared<CountingSource>();
};

TEST_F(Caches, MemoryAsksTheSourceOnce) {
  const MemoryCache memory(source, std::make_shared<CacheBudget>(1 << 20));
  expect_all(memory);
  expect_all(memory);
  EXPECT_EQ(source->num_reads, 20);
  EXPECT_EQ(memory.counts().num_hits, 20u);
  EXPECT_EQ(memory.counts().num_stored, 20u);
  std::vector<uint8_t> buffer;
  const StoredImage first = memory.read(3, buffer), second = memory.read(3, buffer);
  EXPECT_EQ(first.bytes.data(), second.bytes.data());  // a view, not a copy
  volatile uint8_t behind = first.bytes.data()[first.bytes.size() + RgbImage::kReadableTail - 1];
  EXPECT_EQ(behind, 0);
  EXPECT_EQ(listing_of(memory), listing_of(*source));
  EXPECT_EQ(memory.name(2), source->name(2));
}

TEST_F(Caches, MemoryKeepsWithinItsBudget) {
  const auto budget = std::make_shared<CacheBudget>(1000);
  {
    const MemoryCache memory(source, budget), other(source, budget);
    expect_all(memory);
    expect_all(other);
    EXPECT_LE(budget->used_bytes(), 1000u);
    const auto num_stored = memory.counts().num_stored + other.counts().num_stored;
    EXPECT_GT(num_stored, 3u);
    EXPECT_LT(num_stored, 10u);
    expect_all(memory);
    EXPECT_EQ(memory.counts().num_hits, memory.counts().num_stored);
  }
  EXPECT_EQ(budget->used_bytes(), 0u);
}

TEST_F(Caches, AnyNumberOfThreads) {
  const auto budget = std::make_shared<CacheBudget>(1 << 20);
  const MemoryCache memory(source, budget);
  const DiskCache on_disk = disk();
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        expect_all(memory);
        expect_all(on_disk);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(memory.counts().num_stored, 20u);
  uint64_t held = 0;
  for (size_t i = 0; i < 20; ++i) held += length_of(i) + RgbImage::kReadableTail;
  EXPECT_GE(budget->used_bytes(), held);
  EXPECT_LE(budget->used_bytes(), held + 20 * 100);  // nothing counted twice
  EXPECT_GT(on_disk.counts().num_hits, 19u * 6 * 20 - 200);
}

TEST_F(Caches, AnImageThatTwoThreadsReadAtOnceIsCountedOnce) {
  const auto alone = std::make_shared<CacheBudget>(1 << 20), together = std::make_shared<CacheBudget>(1 << 20);
  const MemoryCache reference(source, alone);
  expect_image(reference, 4);
  std::barrier both(2);
  source->during_read = [&] { both.arrive_and_wait(); };
  const MemoryCache memory(source, together);
  std::thread other([&] { expect_image(memory, 4); });
  expect_image(memory, 4);
  other.join();
  EXPECT_EQ(memory.counts().num_stored, 1u);
  EXPECT_EQ(together->used_bytes(), alone->used_bytes());
}

TEST_F(Caches, ErrorsOfTheSourceArePassedOnAndNotKept) {
  source->broken = 4;
  const MemoryCache memory(source, std::make_shared<CacheBudget>(1 << 20));
  const DiskCache on_disk = disk();
  std::vector<uint8_t> buffer;
  for (const ImageSource* cached : {static_cast<const ImageSource*>(&memory), static_cast<const ImageSource*>(&on_disk)}) {
    EXPECT_TRUE(contains(message_of<DataError>([&] { cached->read(4, buffer); }), "bird/4.jpg"));
    source->broken = 99;
    expect_image(*cached, 4);
    source->broken = 4;
    expect_image(*cached, 4);
  }
}

TEST_F(Caches, DiskIsFoundAgainByALaterRun) {
  {
    const DiskCache first = disk();
    expect_all(first);
    EXPECT_EQ(first.counts().num_stored, 20u);
  }
  const DiskCache later = disk(), beside = disk();
  source->num_stamps = 0;
  expect_all(later);
  expect_all(later);
  expect_all(beside);
  EXPECT_EQ(source->num_reads, 20);
  EXPECT_EQ(source->num_stamps, 40);  // once a cache and image, not at each reading
  EXPECT_EQ(later.counts().num_hits, 40u);
}

TEST_F(Caches, DiskNoticesAChangedSource) {
  expect_all(disk());
  source->modified_ns = 8;
  source->shade = 50;
  const DiskCache later = disk();
  const uint64_t used = later.budget().used_bytes();
  for (size_t i = 0; i < 20; ++i) expect_image(later, i, 50);
  EXPECT_EQ(source->num_reads, 40);
  EXPECT_EQ(later.budget().used_bytes(), used);  // replaced, not added
  for (size_t i = 0; i < 20; ++i) expect_image(later, i, 50);
  EXPECT_EQ(source->num_reads, 40);
}

TEST_F(Caches, DiskReplacesDamagedCopies) {
  expect_all(disk());
  const auto damage = [&](size_t index, const std::function<void(std::vector<uint8_t>&)>& change) {
    const fs::path copy = disk().copy_path(index);
    auto bytes = bytes_of(copy);
    change(bytes);
    replace_file(copy, bytes);
  };
  damage(0, [](auto& bytes) { bytes[50] ^= 1; });
  damage(1, [](auto& bytes) { bytes.resize(bytes.size() - 1); });
  damage(2, [](auto& bytes) { bytes.clear(); });
  damage(3, [](auto& bytes) { bytes[bytes.size() - 40] ^= 1; });            // its note
  damage(4, [&](auto& bytes) { bytes = bytes_of(disk().copy_path(6)); });  // of another image of the same length
  const DiskCache later = disk();
  expect_all(later);
  EXPECT_EQ(source->num_reads, 20 + 5);
  expect_all(later);
  EXPECT_EQ(source->num_reads, 20 + 5);
}

TEST_F(Caches, DiskKeepsWithinItsBudgetOverRuns) {
  uint64_t used = 0;
  for (int run = 0; run < 3; ++run) {
    const DiskCache cached = disk(1500);
    expect_all(cached);
    used = cached.budget().used_bytes();
    EXPECT_LE(used, 1500u);
  }
  uint64_t on_disk = 0;
  for (const auto& entry : fs::recursive_directory_iterator(cache()))
    if (entry.is_regular_file() && entry.path().filename() != "skein-cache.used") on_disk += entry.file_size();
  EXPECT_EQ(on_disk, used);
  EXPECT_GT(on_disk, 500u);
  fs::remove(cache() / "skein-cache.used");  // is counted again
  EXPECT_EQ(disk(1500).budget().used_bytes(), on_disk);
}

TEST_F(Caches, SourcesDoNotMeetInOneFolder) {
  class OtherPlace : public CountingSource {
    std::string place() const override { return "/elsewhere"; }
  };
  expect_all(disk());
  const auto other = std::make_shared<OtherPlace>();
  other->shade = 9;
  const DiskCache cached(other, std::make_shared<CacheBudget>(1 << 20, cache()), cache());
  expect_image(cached, 5, 9);
  class OtherVariant : public CountingSource {
    std::string variant() const override { return "smaller"; }
  };
  const auto smaller = std::make_shared<OtherVariant>();
  smaller->shade = 11;
  const DiskCache cached_smaller(smaller, std::make_shared<CacheBudget>(1 << 20, cache()), cache());
  expect_image(cached_smaller, 5, 11);
}

TEST_F(Caches, ADiskThatCannotBeWrittenIsNotUsed) {
  const DiskCache cached = disk();
  folder.add("file");
  fs::remove_all(cached.folder());
  fs::create_symlink(folder.path() / "file", cached.folder());  // a file where folders are to be
  expect_all(cached);
  expect_all(cached);
  EXPECT_EQ(source->num_reads, 40);
  const std::string message =
      message_of<StorageError>([&] { CacheBudget budget(1, folder.path() / "file" / "cache"); });
  EXPECT_TRUE(contains(message, "file/cache"));
  EXPECT_TRUE(contains(message, "--cache-dir"));
}

TEST(AvailableMemory, IsThere) {
  EXPECT_GT(available_memory(), uint64_t{1} << 20);
  TemporaryFolder folder;
  const uint64_t free = disk_for_cache(folder.path(), 0);
  EXPECT_GE(disk_for_cache(folder.path(), uint64_t{1} << 40), uint64_t{1} << 40);
  EXPECT_LT(free, fs::space(folder.path()).capacity);
}

TEST(CacheBudget, CountsExactly) {
  CacheBudget budget(100);
  EXPECT_FALSE(budget.take(101));
  EXPECT_TRUE(budget.take(60));
  EXPECT_FALSE(budget.take(41));
  EXPECT_TRUE(budget.take(40));
  EXPECT_FALSE(budget.take(1));
  EXPECT_FALSE(budget.take(~uint64_t{0}));
  budget.give_back(60);
  EXPECT_EQ(budget.used_bytes(), 40u);
  budget.give_back(1000);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

}  // namespace
}  // namespace skein
