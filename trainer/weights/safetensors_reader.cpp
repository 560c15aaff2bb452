#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/safetensors.h"

namespace skein {
namespace {

using Json = nlohmann::json;

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the Python package

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw DataError(concat(path, ": ", what), "the file is damaged or no safetensors file; download or save it again");
}

uint64_t header_length(std::span<const std::byte> bytes) {
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);  // little-endian, as every machine Skein runs on
  return length;
}

std::span<const std::byte> header_bytes(const std::string& path, std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) refuse(path, concat("is only ", bytes.size(), " bytes long"));
  const uint64_t length = header_length(bytes);
  if (length > kMaxHeaderBytes) refuse(path, concat("claims a header of ", length, " bytes"));
  if (length > bytes.size() - kLengthBytes) {
    refuse(path, concat("ends inside its header of ", length, " bytes: the file is truncated"));
  }
  return bytes.subspan(kLengthBytes, length);
}

/// JSON itself lets a name appear twice in an object; a header must not.
Json parse_header(const std::string& path, std::span<const std::byte> header) {
  std::vector<std::set<std::string>> names;
  std::string repeated;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) {
      repeated = parsed.get<std::string>();
    }
    return true;
  };
  const auto* text = reinterpret_cast<const char*>(header.data());
  Json json = Json::parse(text, text + header.size(), watch, /*allow_exceptions=*/false);
  if (!json.is_object()) refuse(path, "has a header that is no JSON object");
  if (!repeated.empty()) refuse(path, concat("names '", repeated, "' twice in its header"));
  return json;
}

/// The value if it is a list of whole numbers below 2^63, otherwise nothing.
std::optional<std::vector<int64_t>> whole_numbers(const Json& tensor, const char* key) {
  const auto found = tensor.find(key);
  if (found == tensor.end() || !found->is_array()) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const Json& number : *found) {
    if (!number.is_number_unsigned() || number.get<uint64_t>() > INT64_MAX) return std::nullopt;
    numbers.push_back(number.get<int64_t>());
  }
  return numbers;
}

TensorRecord parse_tensor(const std::string& path, const std::string& name, const Json& json,
                          std::span<const std::byte> data) {
  const auto reject = [&](const std::string& what) { refuse(path, concat("tensor '", name, "' ", what)); };
  if (!json.is_object() || json.size() != 3) reject("is not described by dtype, shape and data_offsets");
  const auto dtype = json.find("dtype");
  const auto shape = whole_numbers(json, "shape");
  const auto offsets = whole_numbers(json, "data_offsets");
  if (dtype == json.end() || !dtype->is_string()) reject("has no dtype");
  if (!shape) reject("has no shape");
  if (!offsets || offsets->size() != 2) reject("has no data_offsets of two numbers");

  TensorRecord tensor{.name = name, .shape = *shape};
  const auto type = element_type_of_safetensors(dtype->get<std::string>());
  if (!type) reject(concat("has the unknown type '", dtype->get<std::string>(), "'"));
  tensor.type = *type;
  const auto strides = row_major_strides(tensor.shape);
  if (!strides) reject(concat("has the impossible shape ", shape_text(tensor.shape)));
  tensor.strides = *strides;

  const auto begin = static_cast<uint64_t>((*offsets)[0]);
  const auto end = static_cast<uint64_t>((*offsets)[1]);
  if (begin > end) reject(concat("ends at byte ", end, " before it begins at byte ", begin));
  if (end > data.size()) {
    reject(concat("ends at byte ", end, " of the data, of which the file holds ", data.size(), ": it is truncated"));
  }
  if (extent_bytes(tensor) != end - begin) {
    reject(concat("has ", end - begin, " bytes, which do not make ", dtype->get<std::string>(), " of shape ",
                  shape_text(tensor.shape)));
  }
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

std::map<std::string, std::string> parse_metadata(const std::string& path, const Json& json) {
  std::map<std::string, std::string> metadata;
  if (!json.is_object()) refuse(path, "has metadata that is no JSON object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) refuse(path, concat("has metadata '", key, "' that is no text"));
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// The format wants every byte of the data to belong to exactly one tensor.
void check_tiling(const std::string& path, const std::vector<TensorRecord>& tensors, std::span<const std::byte> data) {
  const std::byte* expected = data.data();
  for (const TensorRecord& tensor : tensors) {
    if (tensor.bytes.data() < expected) refuse(path, concat("tensor '", tensor.name, "' overlaps another one"));
    if (tensor.bytes.data() > expected) refuse(path, concat("has unused bytes before tensor '", tensor.name, "'"));
    expected += tensor.bytes.size();
  }
  const auto unused = static_cast<size_t>(data.data() + data.size() - expected);
  if (unused > 0) refuse(path, concat("has ", unused, " bytes after its last tensor"));
}

}  // namespace

bool looks_like_safetensors(std::span<const std::byte> bytes) {
  return bytes.size() > kLengthBytes && header_length(bytes) <= kMaxHeaderBytes &&
         bytes[kLengthBytes] == std::byte{'{'};
}

WeightFile read_safetensors(const std::string& path, std::span<const std::byte> bytes) {
  WeightFile file{.path = path, .format = "safetensors"};
  const auto header = header_bytes(path, bytes);
  const auto data = bytes.subspan(kLengthBytes + header.size());
  const Json description = parse_header(path, header);
  for (const auto& [name, json] : description.items()) {
    if (name == "__metadata__") {
      file.metadata = parse_metadata(path, json);
    } else {
      file.tensors.push_back(parse_tensor(path, name, json, data));
    }
  }
  std::sort(file.tensors.begin(), file.tensors.end(), [](const TensorRecord& a, const TensorRecord& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  check_tiling(path, file.tensors, data);
  return file;
}

}  // namespace skein
