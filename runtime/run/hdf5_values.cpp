#include "runtime/run/hdf5_values.h"

#include <algorithm>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

template <class T>
hid_t stored_type();
template <>
hid_t stored_type<std::uint8_t>() { return H5T_STD_U8LE; }
template <>
hid_t stored_type<std::int32_t>() { return H5T_STD_I32LE; }
template <>
hid_t stored_type<std::int64_t>() { return H5T_STD_I64LE; }
template <>
hid_t stored_type<std::uint64_t>() { return H5T_STD_U64LE; }
template <>
hid_t stored_type<double>() { return H5T_IEEE_F64LE; }

template <class T>
hid_t memory_type();
template <>
hid_t memory_type<std::uint8_t>() { return H5T_NATIVE_UINT8; }
template <>
hid_t memory_type<std::int32_t>() { return H5T_NATIVE_INT32; }
template <>
hid_t memory_type<std::int64_t>() { return H5T_NATIVE_INT64; }
template <>
hid_t memory_type<std::uint64_t>() { return H5T_NATIVE_UINT64; }
template <>
hid_t memory_type<double>() { return H5T_NATIVE_DOUBLE; }

constexpr auto checked = hdf5_checked;

Hdf5Handle text_type(std::size_t num_bytes) {
  Hdf5Handle type(checked(H5Tcopy(H5T_C_S1), "copy a type"), H5Tclose);
  checked(H5Tset_size(type.get(), std::max<std::size_t>(num_bytes, 1)), "size a type");
  checked(H5Tset_cset(type.get(), H5T_CSET_UTF8), "choose UTF-8");
  checked(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), "choose padding");
  return type;
}

void write_attribute(hid_t object, const char* name, hid_t stored, hid_t memory, const void* value) {
  const Hdf5Handle space(checked(H5Screate(H5S_SCALAR), "create a space"), H5Sclose);
  const Hdf5Handle attribute(
      checked(H5Acreate2(object, name, stored, space.get(), H5P_DEFAULT, H5P_DEFAULT), "create an attribute"), H5Aclose);
  checked(H5Awrite(attribute.get(), memory, value), "write an attribute");
}

void write_dataset(hid_t group, const char* name, hid_t stored, hid_t memory, std::vector<hsize_t> shape,
                   const void* values) {
  const Hdf5Handle creation(checked(H5Pcreate(H5P_DATASET_CREATE), "create a property list"), H5Pclose);
  checked(H5Pset_obj_track_times(creation.get(), false), "leave out times");
  const Hdf5Handle space(
      checked(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), "create a space"), H5Sclose);
  const Hdf5Handle data(
      checked(H5Dcreate2(group, name, stored, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), "create a dataset"),
      H5Dclose);
  if (shape[0] > 0)
    checked(H5Dwrite(data.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "write a dataset");
}

[[noreturn]] void refuse(const char* name, const char* problem) {
  throw DataError(concat(name, " ", problem));
}

hid_t readable(hid_t result, const char* name) {
  if (result < 0) refuse(name, "cannot be read");
  return result;
}

/// A dataset, its type and shape.
struct OpenDataset {
  OpenDataset(hid_t group, const char* name)
      : data(exists(group, name) ? readable(H5Dopen2(group, name, H5P_DEFAULT), name) : missing(name), H5Dclose),
        type(readable(H5Dget_type(data.get()), name), H5Tclose),
        space(readable(H5Dget_space(data.get()), name), H5Sclose),
        shape(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.get()), 0))) {
    H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
  }
  static bool exists(hid_t group, const char* name) { return H5Lexists(group, name, H5P_DEFAULT) > 0; }
  [[noreturn]] static hid_t missing(const char* name) { refuse(name, "is missing"); }
  void require(bool holds, const char* name, const char* problem) const {
    if (!holds) refuse(name, problem);
  }

  Hdf5Handle data;
  Hdf5Handle type;
  Hdf5Handle space;
  std::vector<hsize_t> shape;
};

std::vector<std::string> read_fixed_texts(const OpenDataset& dataset, const char* name) {
  const std::size_t width = H5Tget_size(dataset.type.get());
  std::vector<char> bytes(dataset.shape[0] * width);
  if (!bytes.empty())
    readable(H5Dread(dataset.data.get(), dataset.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), name);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < dataset.shape[0]; ++i)
    texts.emplace_back(bytes.data() + i * width, strnlen(bytes.data() + i * width, width));
  return texts;
}

std::vector<std::string> read_variable_texts(const OpenDataset& dataset, const char* name) {
  std::vector<char*> pointers(dataset.shape[0], nullptr);
  if (!pointers.empty())
    readable(H5Dread(dataset.data.get(), dataset.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), name);
  std::vector<std::string> texts;
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(dataset.type.get(), dataset.space.get(), H5P_DEFAULT, pointers.data());
  return texts;
}

Hdf5Handle open_attribute(hid_t object, const char* name) {
  if (H5Aexists(object, name) <= 0) refuse(name, "is missing");
  return {readable(H5Aopen(object, name, H5P_DEFAULT), name), H5Aclose};
}

}  // namespace

hid_t hdf5_checked(hid_t result, const char* action) {
  if (result < 0) throw Error(concat("HDF5 could not ", action));
  return result;
}

void write_hdf5_attribute(hid_t object, const char* name, const std::string& text) {
  const Hdf5Handle type = text_type(text.size());
  write_attribute(object, name, type.get(), type.get(), text.c_str());
}

void write_hdf5_attribute(hid_t object, const char* name, std::int64_t value) {
  write_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

void write_hdf5_attribute(hid_t object, const char* name, int value) {
  write_attribute(object, name, H5T_STD_I32LE, H5T_NATIVE_INT, &value);
}

template <class T>
void write_hdf5_column(hid_t group, const char* name, std::span<const T> column) {
  write_dataset(group, name, stored_type<T>(), memory_type<T>(), {column.size()}, column.data());
}

void write_hdf5_rows(hid_t group, const char* name, std::span<const std::uint8_t> bytes, std::size_t row_bytes) {
  write_dataset(group, name, H5T_STD_U8LE, H5T_NATIVE_UINT8, {bytes.size() / row_bytes, row_bytes}, bytes.data());
}

void write_hdf5_table(hid_t group, const char* name, std::span<const double> values, std::size_t row_length) {
  write_dataset(group, name, stored_type<double>(), memory_type<double>(), {values.size() / row_length, row_length}, values.data());
}

void write_hdf5_texts(hid_t group, const char* name, const std::vector<std::string>& texts) {
  std::size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, text.size());
  std::vector<char> bytes(texts.size() * width, '\0');
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i].copy(bytes.data() + i * width, width);
  const Hdf5Handle type = text_type(width);
  write_dataset(group, name, type.get(), type.get(), {texts.size()}, bytes.data());
}

std::string read_hdf5_text_attribute(hid_t object, const char* name) {
  const Hdf5Handle attribute = open_attribute(object, name);
  const Hdf5Handle type(readable(H5Aget_type(attribute.get()), name), H5Tclose);
  if (H5Tget_class(type.get()) != H5T_STRING) refuse(name, "is no text");
  if (H5Tis_variable_str(type.get()) > 0) {
    char* text = nullptr;
    readable(H5Aread(attribute.get(), type.get(), &text), name);
    const std::string copy = text == nullptr ? "" : text;
    H5free_memory(text);
    return copy;
  }
  std::string text(H5Tget_size(type.get()), '\0');
  readable(H5Aread(attribute.get(), type.get(), text.data()), name);
  text.resize(strnlen(text.data(), text.size()));
  return text;
}

std::int64_t read_hdf5_integer_attribute(hid_t object, const char* name) {
  const Hdf5Handle attribute = open_attribute(object, name);
  const Hdf5Handle type(readable(H5Aget_type(attribute.get()), name), H5Tclose);
  const Hdf5Handle space(readable(H5Aget_space(attribute.get()), name), H5Sclose);
  if (H5Tget_class(type.get()) != H5T_INTEGER || H5Sget_simple_extent_npoints(space.get()) != 1)
    refuse(name, "is no whole number");
  std::int64_t value = 0;
  readable(H5Aread(attribute.get(), H5T_NATIVE_INT64, &value), name);
  return value;
}

template <class T>
std::vector<T> read_hdf5_column(hid_t group, const char* name) {
  const OpenDataset dataset(group, name);
  dataset.require(H5Tequal(dataset.type.get(), stored_type<T>()) > 0, name, "has another type than it should");
  dataset.require(dataset.shape.size() == 1, name, "has not one dimension");
  std::vector<T> column(dataset.shape[0]);
  if (!column.empty())
    readable(H5Dread(dataset.data.get(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, column.data()), name);
  return column;
}

std::vector<std::uint8_t> read_hdf5_rows(hid_t group, const char* name, std::size_t row_bytes) {
  const OpenDataset dataset(group, name);
  dataset.require(H5Tequal(dataset.type.get(), H5T_STD_U8LE) > 0, name, "has another type than it should");
  dataset.require(dataset.shape.size() == 2 && dataset.shape[1] == row_bytes, name, "has another shape than it should");
  std::vector<std::uint8_t> bytes(dataset.shape[0] * row_bytes);
  if (!bytes.empty())
    readable(H5Dread(dataset.data.get(), H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), name);
  return bytes;
}

std::vector<std::string> read_hdf5_texts(hid_t group, const char* name) {
  const OpenDataset dataset(group, name);
  dataset.require(H5Tget_class(dataset.type.get()) == H5T_STRING, name, "holds no texts");
  dataset.require(dataset.shape.size() == 1, name, "has not one dimension");
  return H5Tis_variable_str(dataset.type.get()) > 0 ? read_variable_texts(dataset, name)
                                                    : read_fixed_texts(dataset, name);
}

template void write_hdf5_column(hid_t, const char*, std::span<const std::uint8_t>);
template void write_hdf5_column(hid_t, const char*, std::span<const std::int32_t>);
template void write_hdf5_column(hid_t, const char*, std::span<const std::int64_t>);
template void write_hdf5_column(hid_t, const char*, std::span<const std::uint64_t>);
template void write_hdf5_column(hid_t, const char*, std::span<const double>);
template std::vector<std::uint8_t> read_hdf5_column(hid_t, const char*);
template std::vector<std::int32_t> read_hdf5_column(hid_t, const char*);
template std::vector<std::int64_t> read_hdf5_column(hid_t, const char*);
template std::vector<std::uint64_t> read_hdf5_column(hid_t, const char*);

}  // namespace skein
