#include "runtime/run/metrics_file.h"

#include <algorithm>
#include <limits>
#include <set>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/hdf5_handle.h"

namespace skein {
namespace {

constexpr std::size_t kMemoryIncrement = 1 << 20;

/// A failure in memory: there is no file system involved until the image is complete.
hid_t checked(hid_t result, const char* action) {
  if (result < 0) throw Error(concat("HDF5 could not ", action));
  return result;
}

Hdf5Handle make_memory_file() {
  const Hdf5Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), "create a property list"), H5Pclose);
  checked(H5Pset_fapl_core(access.get(), kMemoryIncrement, /*backing_store=*/false), "use memory");
  checked(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "choose a format");
  return {checked(H5Fcreate("metrics.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), "create a file"), H5Fclose};
}

void write_text_attribute(hid_t object, const char* name, const std::string& text) {
  const Hdf5Handle type(checked(H5Tcopy(H5T_C_S1), "copy a type"), H5Tclose);
  checked(H5Tset_size(type.get(), std::max<std::size_t>(text.size(), 1)), "size a type");
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), "choose UTF-8");
  checked(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "choose padding");
  const Hdf5Handle space(checked(H5Screate(H5S_SCALAR), "create a space"), H5Sclose);
  const Hdf5Handle attribute(
      checked(H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), "create an attribute"),
      H5Aclose);
  checked(H5Awrite(attribute.get(), type.get(), text.c_str()), "write an attribute");
}

void write_integer_attribute(hid_t object, const char* name, int value) {
  const Hdf5Handle space(checked(H5Screate(H5S_SCALAR), "create a space"), H5Sclose);
  const Hdf5Handle attribute(
      checked(H5Acreate2(object, name, H5T_STD_I32LE, space.get(), H5P_DEFAULT, H5P_DEFAULT), "create an attribute"),
      H5Aclose);
  checked(H5Awrite(attribute.get(), H5T_NATIVE_INT, &value), "write an attribute");
}

/// `column`: all elements, row by row; `shape`: of one dimension or more.
template <class T>
void write_array(hid_t group, const char* name, hid_t stored_type, hid_t memory_type, const std::vector<T>& column,
                 const std::vector<hsize_t>& shape) {
  const Hdf5Handle space(
      checked(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), "create a space"), H5Sclose);
  const Hdf5Handle data(
      checked(H5Dcreate2(group, name, stored_type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
              "create a dataset"),
      H5Dclose);
  if (!column.empty())
    checked(H5Dwrite(data.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, column.data()), "write a dataset");
}

template <class T>
void write_column(hid_t group, const char* name, hid_t stored_type, hid_t memory_type, const std::vector<T>& column) {
  write_array(group, name, stored_type, memory_type, column, {column.size()});
}

/// [records][num_ranks] of one phase.
std::vector<double> seconds_of_phase(const std::vector<RankTiming>& timings, const std::string& phase,
                                     std::size_t num_ranks) {
  std::vector<double> seconds(timings.size() * num_ranks, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t record = 0; record < timings.size(); ++record)
    for (const PhaseSeconds& known : timings[record].phases)
      if (known.phase == phase)
        std::copy(known.by_rank.begin(), known.by_rank.end(),
                  seconds.begin() + static_cast<std::ptrdiff_t>(record * num_ranks));
  return seconds;
}

void write_timings(hid_t file, const std::vector<RankTiming>& timings) {
  const Hdf5Handle group(
      checked(H5Gcreate2(file, kTimingGroup, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "create a group"), H5Gclose);
  write_text_attribute(group.get(), "unit", "s");
  std::vector<std::int32_t> epochs;
  std::vector<std::int64_t> steps, num_steps;
  std::vector<double> times;
  std::size_t num_ranks = 0;
  std::set<std::string> phases;
  for (const RankTiming& timing : timings) {
    epochs.push_back(timing.epoch);
    steps.push_back(timing.step);
    num_steps.push_back(timing.num_steps);
    times.push_back(timing.time);
    num_ranks = std::max(num_ranks, timing.num_ranks());
    for (const PhaseSeconds& phase : timing.phases) phases.insert(phase.phase);
  }
  write_column(group.get(), "epoch", H5T_STD_I32LE, H5T_NATIVE_INT32, epochs);
  write_column(group.get(), "step", H5T_STD_I64LE, H5T_NATIVE_INT64, steps);
  write_column(group.get(), "num_steps", H5T_STD_I64LE, H5T_NATIVE_INT64, num_steps);
  write_column(group.get(), "time", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, times);
  for (const std::string& phase : phases)
    write_array(group.get(), phase.c_str(), H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, seconds_of_phase(timings, phase, num_ranks),
                {timings.size(), num_ranks});
}

void write_series(hid_t file, const std::string& name, const MetricSeries& series) {
  const Hdf5Handle with_parents(checked(H5Pcreate(H5P_LINK_CREATE), "create a property list"), H5Pclose);
  checked(H5Pset_create_intermediate_group(with_parents.get(), 1), "ask for parent groups");
  // A parent's group may exist already: "val" is a prefix of "val/accuracy" and comes first.
  const Hdf5Handle group(
      checked(H5Gcreate2(file, name.c_str(), with_parents.get(), H5P_DEFAULT, H5P_DEFAULT), "create a group"),
      H5Gclose);
  write_text_attribute(group.get(), "unit", series.description.unit);
  write_text_attribute(group.get(), "goal", series.description.goal);
  write_column(group.get(), "value", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, series.values);
  write_column(group.get(), "step", H5T_STD_I64LE, H5T_NATIVE_INT64, series.steps);
  write_column(group.get(), "epoch", H5T_STD_I32LE, H5T_NATIVE_INT32, series.epochs);
  write_column(group.get(), "time", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, series.times);
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
                        const std::string& run_id, const std::vector<RankTiming>& timings) {
  std::string image;
  {
    const Hdf5Session session;
    const Hdf5Handle memory = make_memory_file();
    write_integer_attribute(memory.get(), "schema_version", kMetricsSchemaVersion);
    write_text_attribute(memory.get(), "experiment", experiment);
    write_text_attribute(memory.get(), "run_id", run_id);
    for (const auto& [name, series] : metrics) write_series(memory.get(), name, series);
    if (!timings.empty()) write_timings(memory.get(), timings);
    image = image_of(memory.get());
  }
  write_file_atomically(file, image);
}

}  // namespace skein
