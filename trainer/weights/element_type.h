#pragma once
// The types of tensor elements that weight files hold.

#include <cstddef>
#include <optional>
#include <string_view>

namespace skein {

enum class ElementType { kFloat64, kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUInt8, kBool };

size_t element_bytes(ElementType type);

/// "F32", "BF16", "BOOL": how safetensors files spell it.
std::string_view safetensors_name(ElementType type);
std::optional<ElementType> element_type_of_safetensors(std::string_view name);

/// The type of a PyTorch storage class, without its module: "FloatStorage", "BFloat16Storage".
std::optional<ElementType> element_type_of_storage(std::string_view class_name);

}  // namespace skein
