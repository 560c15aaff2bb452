#include "runtime/run/count_matrix_file.h"

#include <algorithm>
#include <array>

#include "runtime/process/error.h"
#include "runtime/run/hdf5_handle.h"

namespace skein {
namespace {

constexpr const char* kCount = "count";
constexpr const char* kClassNames = "class_names";
constexpr unsigned kCompression = 4;  // of 9: most counts are zero

/// For writing: into memory, so that no file system is involved.
hid_t checked(hid_t result) {
  if (result < 0) throw Error("HDF5 could not write the confusion matrix");
  return result;
}

template <class Number>
void write_attribute(hid_t object, const char* name, hid_t stored_type, hid_t memory_type, Number value) {
  const Hdf5Handle space(checked(H5Screate(H5S_SCALAR)), H5Sclose);
  const Hdf5Handle attribute(checked(H5Acreate2(object, name, stored_type, space.get(), H5P_DEFAULT, H5P_DEFAULT)), H5Aclose);
  checked(H5Awrite(attribute.get(), memory_type, &value));
}

Hdf5Handle text_type(std::size_t num_bytes) {
  Hdf5Handle type(checked(H5Tcopy(H5T_C_S1)), H5Tclose);
  checked(H5Tset_size(type.get(), num_bytes));
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8));
  checked(H5Tset_strpad(type.get(), H5T_STR_NULLPAD));
  return type;
}

void write_class_names(hid_t group, const std::vector<std::string>& classes) {
  std::size_t longest = 1;
  for (const std::string& name : classes) longest = std::max(longest, name.size());
  std::string text;
  for (const std::string& name : classes) text += name + std::string(longest - name.size(), '\0');
  const Hdf5Handle type = text_type(longest);
  const hsize_t length = classes.size();
  const Hdf5Handle space(checked(H5Screate_simple(1, &length, nullptr)), H5Sclose);
  const Hdf5Handle data(checked(H5Dcreate2(group, kClassNames, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)), H5Dclose);
  checked(H5Dwrite(data.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()));
}

void write_counts(hid_t group, const CountMatrix& matrix) {
  const std::array<hsize_t, 2> sides{matrix.classes.size(), matrix.classes.size()};
  const Hdf5Handle layout(checked(H5Pcreate(H5P_DATASET_CREATE)), H5Pclose);
  checked(H5Pset_chunk(layout.get(), 2, sides.data()));
  checked(H5Pset_shuffle(layout.get()));
  checked(H5Pset_deflate(layout.get(), kCompression));
  const Hdf5Handle space(checked(H5Screate_simple(2, sides.data(), nullptr)), H5Sclose);
  const Hdf5Handle data(checked(H5Dcreate2(group, kCount, H5T_STD_I64LE, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT)), H5Dclose);
  checked(H5Dwrite(data.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, matrix.counts.data()));
}

/// Thrown and caught within this file.
struct NotThere {};
hid_t there(hid_t result) {
  if (result < 0) throw NotThere{};
  return result;
}

template <class Number>
Number read_attribute(hid_t object, const char* name, hid_t memory_type) {
  Number value{};
  const Hdf5Handle attribute(there(H5Aopen(object, name, H5P_DEFAULT)), H5Aclose);
  there(H5Aread(attribute.get(), memory_type, &value));
  return value;
}

std::vector<std::string> read_class_names(hid_t group) {
  const Hdf5Handle data(there(H5Dopen2(group, kClassNames, H5P_DEFAULT)), H5Dclose);
  const Hdf5Handle space(there(H5Dget_space(data.get())), H5Sclose);
  const Hdf5Handle type(there(H5Dget_type(data.get())), H5Tclose);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  const std::size_t num_bytes = H5Tget_size(type.get());
  if (count < 1 || num_bytes < 1 || H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) throw NotThere{};
  std::string text(static_cast<std::size_t>(count) * num_bytes, '\0');
  there(H5Dread(data.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()));
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size(); at += num_bytes) names.emplace_back(text.substr(at, num_bytes).c_str());
  return names;
}

std::vector<std::int64_t> read_counts(hid_t group, std::size_t num_classes) {
  const Hdf5Handle data(there(H5Dopen2(group, kCount, H5P_DEFAULT)), H5Dclose);
  const Hdf5Handle space(there(H5Dget_space(data.get())), H5Sclose);
  if (H5Sget_simple_extent_npoints(space.get()) != static_cast<hssize_t>(num_classes * num_classes)) throw NotThere{};
  std::vector<std::int64_t> counts(num_classes * num_classes);
  there(H5Dread(data.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, counts.data()));
  return counts;
}

}  // namespace

void write_confusion_matrix(hid_t file, const CountMatrix& matrix) {
  const Hdf5Handle with_parents(checked(H5Pcreate(H5P_LINK_CREATE)), H5Pclose);
  checked(H5Pset_create_intermediate_group(with_parents.get(), 1));
  const Hdf5Handle group(checked(H5Gcreate2(file, kConfusionMatrix, with_parents.get(), H5P_DEFAULT, H5P_DEFAULT)), H5Gclose);
  write_attribute(group.get(), "step", H5T_STD_I64LE, H5T_NATIVE_INT64, matrix.step);
  write_attribute(group.get(), "epoch", H5T_STD_I32LE, H5T_NATIVE_INT, matrix.epoch);
  write_class_names(group.get(), matrix.classes);
  write_counts(group.get(), matrix);
}

CountMatrix read_confusion_matrix(const std::filesystem::path& path, std::int64_t last_step) try {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(path, missing)) return {};
  const Hdf5Session session;
  const Hdf5Handle file(there(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT)), H5Fclose);
  const Hdf5Handle group(there(H5Gopen2(file.get(), kConfusionMatrix, H5P_DEFAULT)), H5Gclose);
  CountMatrix matrix;
  matrix.step = read_attribute<std::int64_t>(group.get(), "step", H5T_NATIVE_INT64);
  matrix.epoch = read_attribute<int>(group.get(), "epoch", H5T_NATIVE_INT);
  if (matrix.step > last_step) return {};
  matrix.classes = read_class_names(group.get());
  matrix.counts = read_counts(group.get(), matrix.classes.size());
  return matrix;
} catch (const NotThere&) {
  return {};
}

}  // namespace skein
