// Nothing is allocated for an image once a thread's scratch is warm.

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "augment_test_support.h"
#include "trainer/data/augment/augmentation.h"

namespace {
std::atomic<int> num_allocations{0};
}

// NOLINTBEGIN: they count and pass on
void* operator new(std::size_t num_bytes) {
  ++num_allocations;
  if (void* memory = std::malloc(num_bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND

namespace skein {
namespace {

TEST(Allocations, NoneOnceWarm) {
  for (const auto policy : {AutoAugmentPolicy::kRandAugment, AutoAugmentPolicy::kTrivialAugmentWide, AutoAugmentPolicy::kAugMix,
                            AutoAugmentPolicy::kImageNet}) {
    AugmentOptions options{.vertical_flip_probability = 0.5,
                           .max_rotation = 20,
                           .color_jitter = {.brightness = 0.4, .contrast = 0.4, .saturation = 0.4, .hue = 0.1},
                           .grayscale_probability = 0.5,
                           .policy = policy};
    options.random_erasing = {.probability = 0.5, .random_values = true};
    const Augmentation augmentation(options);
    const RgbImage original = testing::pattern(31, 20);
    RgbImage image = original;
    std::vector<float> floats(original.num_bytes());
    AugmentScratch scratch;
    const auto pass = [&] {
      for (uint64_t index = 0; index < 100; ++index) {
        image.reshape(original.dimensions());
        std::memcpy(image.data(), original.data(), original.num_bytes());
        augmentation.apply(image, {1, 2, index}, scratch);
        augmentation.erase(floats.data(), original.dimensions(), {1, 2, index});
      }
    };
    num_allocations = 0;
    pass();
    EXPECT_GT(num_allocations, 0);
    num_allocations = 0;
    pass();
    EXPECT_EQ(num_allocations, 0);
  }
}

}  // namespace
}  // namespace skein
