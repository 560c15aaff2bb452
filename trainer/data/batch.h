#pragma once
// What a Loader hands out: images ready for the first layer, their labels, and which images they are.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

namespace skein {

/// Floats aligned for any vector unit, not initialised.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(size_t count)
      : data_(static_cast<float*>(::operator new(count * sizeof(float), kAlignment))) {}
  float* data() const { return data_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<float, Free> data_;
};

/// The memory belongs to the Loader and is filled anew once the batch has been given back; see
/// Loader::next().
struct Batch {
  int num_images = 0;  ///< at most the batch size; less at the end of an epoch and where images were skipped, even 0
  int height = 0;      ///< pixels
  int width = 0;       ///< pixels
  std::span<float> images;      ///< [num_images][height][width][3]: a channels_last tensor of shape N, 3, height, width
  std::vector<int64_t> labels;  ///< [num_images]
  std::vector<size_t> indices;  ///< [num_images], in the source
  /// [num_images], or empty where nothing is mixed: labels of the images mixed in. The loss of an image is own_share times that with its
  /// own label plus (1 - own_share) times that with this one.
  std::vector<int64_t> mixed_labels;
  float own_share = 1.0f;
};

}  // namespace skein
