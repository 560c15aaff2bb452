#pragma once
// A confusion matrix in metrics.h5:
//
//   /val/confusion_matrix           attributes step (i8), epoch (i4)
//     count i8 [classes][classes]   true class by predicted class, compressed
//     class_names                   UTF-8 strings of one length

#include <hdf5.h>

#include <cstdint>
#include <filesystem>

#include "runtime/run/count_matrix.h"

namespace skein {

/// Adds the group kConfusionMatrix to an HDF5 file that is open. Hold an Hdf5Session. Throws Error.
void write_confusion_matrix(hid_t file, const CountMatrix& matrix);

/// The confusion matrix in a metrics.h5; an empty one where there is none, it cannot be read, or it is of a step after `last_step`.
/// Takes the HDF5 library's lock. Never throws.
CountMatrix read_confusion_matrix(const std::filesystem::path& file, std::int64_t last_step);

}  // namespace skein
