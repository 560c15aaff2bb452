#pragma once
// Weight files made byte by byte, right and wrong.

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace skein::test {

template <class Number>
std::string little_endian(Number value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

inline std::string safetensors_file(const std::string& header, const std::string& data) {
  return little_endian<uint64_t>(header.size()) + header + data;
}

/// A zip archive of stored entries; the members let a test lie about them.
struct ZipBuilder {
  bool zip64 = false;  // all sizes and offsets in the zip64 fields
  uint16_t flags = 0;
  uint16_t method = 0;
  std::string comment;
  std::string contents, directory;
  uint16_t num_entries = 0;

  void add(const std::string& name, const std::string& bytes) {
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    const auto offset = contents.size();
    const std::string fields = little_endian<uint16_t>(flags) + little_endian(method) + little_endian<uint32_t>(0) +
                               little_endian<uint32_t>(crc);
    const auto narrow = [&](uint64_t value) { return little_endian<uint32_t>(zip64 ? 0xffffffff : value); };
    const std::string sizes = narrow(bytes.size()) + narrow(bytes.size());
    const std::string name_bytes = little_endian<uint16_t>(name.size());
    contents += std::string("PK\x03\x04") + little_endian<uint16_t>(20) + fields + sizes + name_bytes +
                little_endian<uint16_t>(0) + name + bytes;
    std::string extra;
    if (zip64) {
      extra = little_endian<uint16_t>(0x7777) + little_endian<uint16_t>(1) + "x" + little_endian<uint16_t>(1) +
              little_endian<uint16_t>(24) + little_endian<uint64_t>(bytes.size()) +
              little_endian<uint64_t>(bytes.size()) + little_endian<uint64_t>(offset);
    }
    directory += std::string("PK\x01\x02") + little_endian<uint32_t>(20) + fields + sizes + name_bytes +
                 little_endian<uint16_t>(extra.size()) + little_endian<uint16_t>(0) + little_endian<uint64_t>(0) +
                 narrow(offset) + name + extra;
    ++num_entries;
  }

  std::string finish() const {
    std::string file = contents + directory;
    if (zip64) {
      file += "PK\x06\x06" + little_endian<uint64_t>(44) + std::string(12, '\0') +
              little_endian<uint64_t>(num_entries) + little_endian<uint64_t>(num_entries) +
              little_endian<uint64_t>(directory.size()) + little_endian<uint64_t>(contents.size());
      file += "PK\x06\x07" + little_endian<uint32_t>(0) + little_endian<uint64_t>(contents.size() + directory.size()) +
              little_endian<uint32_t>(1);
    }
    const auto entries = little_endian<uint16_t>(zip64 ? 0xffff : num_entries);
    return file + "PK\x05\x06" + little_endian<uint32_t>(0) + entries + entries +
           little_endian<uint32_t>(zip64 ? 0xffffffff : directory.size()) +
           little_endian<uint32_t>(zip64 ? 0xffffffff : contents.size()) + little_endian<uint16_t>(comment.size()) +
           comment;
  }
};

// Pickle fragments.
inline std::string text(const std::string& value) {
  return std::string("X") + little_endian<uint32_t>(value.size()) + value;
}
inline std::string integer(int32_t value) {
  return std::string("J") + little_endian(value);
}
inline std::string tuple(const std::vector<int32_t>& values) {
  std::string fragment = "(";
  for (const int32_t value : values) fragment += integer(value);
  return fragment + "t";
}
inline std::string global(const std::string& module, const std::string& name) {
  return std::string("c") + module + "\n" + name + "\n";
}
inline std::string program(const std::string& body) {
  return std::string("\x80\x02") + body + ".";
}
inline std::string dict(const std::string& items) {
  return std::string("}(") + items + "u";
}

/// A float tensor in storage "0".
struct TensorFragment {
  std::vector<int32_t> shape, strides;
  int32_t offset = 0;
  int32_t num_stored = 4;
  std::string storage_class = "FloatStorage";

  std::string pickle() const {
    return global("torch._utils", "_rebuild_tensor_v2") + "((" + text("storage") + global("torch", storage_class) +
           text("0") + text("cpu") + integer(num_stored) + "tQ" + integer(offset) + tuple(shape) + tuple(strides) +
           "\x89" + global("collections", "OrderedDict") + ")RtR";
  }
};

/// A .pth file with this pickle and 16 bytes in storage "0".
inline std::string pth_file(const std::string& pickle, ZipBuilder zip = {}) {
  const float values[] = {1, 2, 3, 4};
  zip.add("m/data.pkl", pickle);
  zip.add("m/byteorder", "little");
  zip.add("m/data/0", {reinterpret_cast<const char*>(values), sizeof values});
  return zip.finish();
}

}  // namespace skein::test
