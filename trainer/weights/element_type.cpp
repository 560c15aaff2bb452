#include "trainer/weights/element_type.h"

#include <array>

namespace skein {
namespace {

struct Row {
  ElementType type;
  size_t num_bytes;
  std::string_view safetensors;
  std::string_view storage;
};

// In the order of the enumeration.
constexpr std::array<Row, 10> kRows = {{
    {ElementType::kFloat64, 8, "F64", "DoubleStorage"},
    {ElementType::kFloat32, 4, "F32", "FloatStorage"},
    {ElementType::kFloat16, 2, "F16", "HalfStorage"},
    {ElementType::kBFloat16, 2, "BF16", "BFloat16Storage"},
    {ElementType::kInt64, 8, "I64", "LongStorage"},
    {ElementType::kInt32, 4, "I32", "IntStorage"},
    {ElementType::kInt16, 2, "I16", "ShortStorage"},
    {ElementType::kInt8, 1, "I8", "CharStorage"},
    {ElementType::kUInt8, 1, "U8", "ByteStorage"},
    {ElementType::kBool, 1, "BOOL", "BoolStorage"},
}};

const Row& row(ElementType type) {
  return kRows[static_cast<size_t>(type)];
}

std::optional<ElementType> find(std::string_view Row::*column, std::string_view name) {
  for (const Row& candidate : kRows) {
    if (candidate.*column == name) return candidate.type;
  }
  return std::nullopt;
}

}  // namespace

size_t element_bytes(ElementType type) {
  return row(type).num_bytes;
}

std::string_view safetensors_name(ElementType type) {
  return row(type).safetensors;
}

std::optional<ElementType> element_type_of_safetensors(std::string_view name) {
  return find(&Row::safetensors, name);
}

std::optional<ElementType> element_type_of_storage(std::string_view class_name) {
  return find(&Row::storage, class_name);
}

}  // namespace skein
