#pragma once
// How good a classifier is, class by class, from outputs/confusion_matrix.csv and outputs/classification_report.json.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "launcher/report/problems.h"

namespace skein {

/// Null where neither file is there, else: classes (names); cells ([[true class, predicted class, images], ...], those that are
/// not 0) and num_images; report (num_images, accuracy, step, epoch, macro_average, weighted_average and,
/// without a matrix, classes and most_confused) where there is one. Files that make no sense become
/// problems.
nlohmann::json evaluation_json(const std::filesystem::path& outputs, Problems& problems);

}  // namespace skein
