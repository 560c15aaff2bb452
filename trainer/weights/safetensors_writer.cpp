#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "trainer/weights/safetensors.h"

namespace skein {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kAlignment = 8;  // of the data within the file

/// Wide types first, so that everything is aligned without gaps; the order of the Python package.
int rank_of(ElementType type) {
  using enum ElementType;
  static constexpr ElementType kOrder[] = {kInt64,   kFloat64, kFloat32, kInt32, kBFloat16,
                                           kFloat16, kInt16,   kInt8,    kUInt8, kBool};
  return static_cast<int>(std::find(std::begin(kOrder), std::end(kOrder), type) - std::begin(kOrder));
}

std::vector<const TensorRecord*> in_file_order(std::span<const TensorRecord> tensors) {
  std::vector<const TensorRecord*> ordered;
  for (const TensorRecord& tensor : tensors) ordered.push_back(&tensor);
  std::sort(ordered.begin(), ordered.end(), [](const TensorRecord* a, const TensorRecord* b) {
    return std::pair(rank_of(a->type), a->name) < std::pair(rank_of(b->type), b->name);
  });
  return ordered;
}

void check(std::span<const TensorRecord> tensors) {
  std::vector<std::string> names = {"__metadata__"};
  for (const TensorRecord& tensor : tensors) {
    names.push_back(tensor.name);
    if (row_major_strides(tensor.shape) != tensor.strides || extent_bytes(tensor) != tensor.bytes.size()) {
      throw UsageError(concat("tensor '", tensor.name, "' of shape ", shape_text(tensor.shape), " is not row-major"));
    }
  }
  std::sort(names.begin(), names.end());
  const auto repeated = std::adjacent_find(names.begin(), names.end());
  if (repeated != names.end()) throw UsageError(concat("two tensors to be written are named '", *repeated, "'"));
}

std::string make_header(const std::vector<const TensorRecord*>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const TensorRecord* tensor : tensors) {
    header[tensor->name] = {{"dtype", safetensors_name(tensor->type)},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, offset + tensor->bytes.size()}}};
    offset += tensor->bytes.size();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception&) {
    throw UsageError("a name or metadata to be written is not UTF-8");
  }
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

void write(AtomicFile& file, std::span<const std::byte> bytes) {
  file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

void write_safetensors(const std::string& path, std::span<const TensorRecord> tensors,
                       const std::map<std::string, std::string>& metadata) {
  check(tensors);
  const auto ordered = in_file_order(tensors);
  const std::string header = make_header(ordered, metadata);
  const uint64_t header_bytes = header.size();
  AtomicFile file(path);
  write(file, std::as_bytes(std::span(&header_bytes, 1)));
  write(file, std::as_bytes(std::span(header)));
  for (const TensorRecord* tensor : ordered) write(file, tensor->bytes);
  file.commit();
}

}  // namespace skein
