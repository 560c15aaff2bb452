#include "runtime/run/metrics_file.h"

#include "runtime/run/atomic_file.h"
#include "runtime/run/count_matrix_file.h"
#include "runtime/run/hdf5_handle.h"
#include "runtime/run/hdf5_values.h"
#include "runtime/run/timing_file.h"

namespace skein {
namespace {

constexpr std::size_t kMemoryIncrement = 1 << 20;

constexpr auto checked = hdf5_checked;

Hdf5Handle make_memory_file() {
  const Hdf5Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), "create a property list"), H5Pclose);
  checked(H5Pset_fapl_core(access.get(), kMemoryIncrement, /*backing_store=*/false), "use memory");
  checked(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "choose a format");
  return {checked(H5Fcreate("metrics.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), "create a file"), H5Fclose};
}

void write_series(hid_t file, const std::string& name, const MetricSeries& series) {
  const Hdf5Handle with_parents(checked(H5Pcreate(H5P_LINK_CREATE), "create a property list"), H5Pclose);
  checked(H5Pset_create_intermediate_group(with_parents.get(), 1), "ask for parent groups");
  // A parent's group may exist already: "val" is a prefix of "val/accuracy" and comes first.
  const Hdf5Handle group(
      checked(H5Gcreate2(file, name.c_str(), with_parents.get(), H5P_DEFAULT, H5P_DEFAULT), "create a group"),
      H5Gclose);
  write_hdf5_attribute(group.get(), "unit", series.description.unit);
  write_hdf5_attribute(group.get(), "goal", series.description.goal);
  write_hdf5_column<double>(group.get(), "value", series.values);
  write_hdf5_column<std::int64_t>(group.get(), "step", series.steps);
  write_hdf5_column<std::int32_t>(group.get(), "epoch", series.epochs);
  write_hdf5_column<double>(group.get(), "time", series.times);
}

std::string image_of(hid_t file) {
  checked(H5Fflush(file, H5F_SCOPE_LOCAL), "flush a file");
  const ssize_t num_bytes = H5Fget_file_image(file, nullptr, 0);
  checked(num_bytes, "measure a file");
  std::string image(static_cast<std::size_t>(num_bytes), '\0');
  checked(H5Fget_file_image(file, image.data(), image.size()), "read a file's image");
  return image;
}

}  // namespace

void write_metrics_file(const std::filesystem::path& file, const MetricTable& metrics, const std::string& experiment,
                        const std::string& run_id, const CountMatrix& confusion, const std::vector<RankTiming>& timings) {
  std::string image;
  {
    const Hdf5Session session;
    const Hdf5Handle memory = make_memory_file();
    write_hdf5_attribute(memory.get(), "schema_version", kMetricsSchemaVersion);
    write_hdf5_attribute(memory.get(), "experiment", experiment);
    write_hdf5_attribute(memory.get(), "run_id", run_id);
    for (const auto& [name, series] : metrics) write_series(memory.get(), name, series);
    if (!confusion.is_empty()) write_confusion_matrix(memory.get(), confusion);
    if (!timings.empty()) write_timings(memory.get(), timings);
    image = image_of(memory.get());
  }
  write_file_atomically(file, image);
}

}  // namespace skein
