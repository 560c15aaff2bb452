#include "runtime/run/metrics_file.h"

#include <algorithm>

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

template <class T>
void write_column(hid_t group, const char* name, hid_t stored_type, hid_t memory_type, const std::vector<T>& column) {
  const hsize_t length = column.size();
  const Hdf5Handle space(checked(H5Screate_simple(1, &length, nullptr), "create a space"), H5Sclose);
  const Hdf5Handle data(
      checked(H5Dcreate2(group, name, stored_type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
              "create a dataset"),
      H5Dclose);
  if (length > 0)
    checked(H5Dwrite(data.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, column.data()), "write a dataset");
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
                        const std::string& run_id) {
  std::string image;
  {
    const Hdf5Session session;
    const Hdf5Handle memory = make_memory_file();
    write_integer_attribute(memory.get(), "schema_version", kMetricsSchemaVersion);
    write_text_attribute(memory.get(), "experiment", experiment);
    write_text_attribute(memory.get(), "run_id", run_id);
    for (const auto& [name, series] : metrics) write_series(memory.get(), name, series);
    image = image_of(memory.get());
  }
  write_file_atomically(file, image);
}

}  // namespace skein
