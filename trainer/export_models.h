#pragma once
// What those need who use the network elsewhere.

#include <filesystem>
#include <string>
#include <vector>

#include "trainer/options/train_options.h"
#include "trainer/progress.h"
#include "trainer/run_journal.h"

namespace skein {

/// classes.json: what the outputs of the network stand for.
void write_classes(const std::filesystem::path& outputs, const std::vector<std::string>& classes);

/// What --export asks for. At the end, on rank 0: the weight files of `outputs`, or with --test-only those of --weights, as networks for other programs:
/// NAME.safetensors becomes NAME.onnx. What came of it goes into run.json (`exports`), the log and before the user. Does nothing
/// with --export none. Throws as export_weights() does.
void export_models(const TrainOptions& options, const std::vector<std::string>& classes, const std::filesystem::path& outputs,
                   RunJournal& journal, Progress& progress);

}  // namespace skein
