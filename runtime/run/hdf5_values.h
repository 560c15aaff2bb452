#pragma once
// Attributes and one-dimensional datasets of HDF5 files, little-endian and contiguous, without times of their own, so
// that equal contents give equal bytes. Hold an Hdf5Session around every call.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/run/hdf5_handle.h"

namespace skein {

/// Passes on what a function of the library returns; throws Error("HDF5 could not ACTION") where it is negative.
hid_t hdf5_checked(hid_t result, const char* action);

void write_hdf5_attribute(hid_t object, const char* name, const std::string& text);
void write_hdf5_attribute(hid_t object, const char* name, std::int64_t value);
void write_hdf5_attribute(hid_t object, const char* name, int value);

/// T: uint8, int32, int64, uint64 or double.
template <class T>
void write_hdf5_column(hid_t group, const char* name, std::span<const T> column);
template <class T>
void write_hdf5_column(hid_t group, const char* name, const std::vector<T>& column) {
  write_hdf5_column<T>(group, name, std::span<const T>(column));
}
/// Bytes in rows of `row_bytes`, as a dataset of two dimensions.
void write_hdf5_rows(hid_t group, const char* name, std::span<const std::uint8_t> bytes, std::size_t row_bytes);
/// Numbers in rows of `row_length`, likewise.
void write_hdf5_table(hid_t group, const char* name, std::span<const double> values, std::size_t row_length);
/// UTF-8 strings of one length, padded with zeros to that of the longest.
void write_hdf5_texts(hid_t group, const char* name, const std::vector<std::string>& texts);

/// The readers throw DataError("NAME ...", a part of a sentence that lacks the file's name) where there is no such thing
/// or it has another type or number of dimensions.
std::string read_hdf5_text_attribute(hid_t object, const char* name);
std::int64_t read_hdf5_integer_attribute(hid_t object, const char* name);
template <class T>
std::vector<T> read_hdf5_column(hid_t group, const char* name);
std::vector<std::uint8_t> read_hdf5_rows(hid_t group, const char* name, std::size_t row_bytes);
/// Strings of fixed length, as written above or as numpy's type S, or of variable length, as h5py writes str.
std::vector<std::string> read_hdf5_texts(hid_t group, const char* name);

}  // namespace skein
