#pragma once
// Many pictures in one, for people to look at.

#include <cstdint>
#include <vector>

#include "trainer/data/batch.h"
#include "trainer/data/image/image.h"
#include "trainer/data/normalize.h"

namespace skein {

/// The first `num_images` of a batch (or all, where there are fewer) in rows of 8 as the network sees them, with the normalisation
/// undone and thin lines between them. The batch must hold an image.
RgbImage sheet_of(const Batch& batch, int num_images, const ChannelStatistics& statistics = {});

/// A confusion matrix of images, `counts` [true class][predicted class], as a heat map: rows are true classes; the brighter a cell,
/// the larger its share of the row; right answers blue, wrong ones orange. Rows and columns have their classes' numbers, and cells
/// their counts, where there is room for them. At least one class; 1 to 44 pixels a cell, some 700 in all.
RgbImage sheet_of_confusion(const std::vector<int64_t>& counts, int num_classes);

}  // namespace skein
