#include "trainer/weights/tensor_file.h"

#include <torch/torch.h>

#include <cstring>
#include <utility>
#include <vector>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/safetensors.h"

namespace skein {
namespace {

constexpr std::pair<ElementType, torch::ScalarType> kTypes[] = {
    {ElementType::kFloat64, torch::kFloat64}, {ElementType::kFloat32, torch::kFloat32},
    {ElementType::kFloat16, torch::kFloat16}, {ElementType::kBFloat16, torch::kBFloat16},
    {ElementType::kInt64, torch::kInt64},     {ElementType::kInt32, torch::kInt32},
    {ElementType::kInt16, torch::kInt16},     {ElementType::kInt8, torch::kInt8},
    {ElementType::kUInt8, torch::kUInt8},     {ElementType::kBool, torch::kBool},
};

ElementType element_type(const std::string& name, const torch::Tensor& tensor) {
  for (const auto& [element, scalar] : kTypes) {
    if (scalar == tensor.scalar_type()) return element;
  }
  throw UsageError(concat("tensor '", name, "' has the type ", torch::toString(tensor.scalar_type()),
                          ", which weight files do not hold"),
                   "convert it first");
}

/// A view of `tensor`, which must be contiguous and on the CPU.
TensorRecord to_record(const std::string& name, const torch::Tensor& tensor) {
  TensorRecord record{.name = name, .type = element_type(name, tensor), .shape = tensor.sizes().vec()};
  record.strides = row_major_strides(record.shape).value();
  record.bytes = {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
  return record;
}

}  // namespace

c10::ScalarType scalar_type(ElementType type) {
  for (const auto& [element, scalar] : kTypes) {
    if (element == type) return scalar;
  }
  throw UsageError("unknown element type");
}

at::Tensor to_tensor(const TensorRecord& record) {
  const auto num_elements = static_cast<int64_t>(record.bytes.size() / element_bytes(record.type));
  // Copied as bytes: the file aligns nothing for certain, and a boolean there may be neither 0 nor 1.
  const bool boolean = record.type == ElementType::kBool;
  auto flat = torch::empty({num_elements}, boolean ? torch::kUInt8 : scalar_type(record.type));
  if (num_elements > 0) std::memcpy(flat.mutable_data_ptr(), record.bytes.data(), record.bytes.size());
  if (boolean) flat = flat.to(torch::kBool);
  return flat.as_strided(record.shape, record.strides);
}

TensorFile read_tensor_file(const std::string& path) {
  const WeightFile weights = open_weight_file(path);
  TensorFile file{.metadata = weights.metadata};
  for (const TensorRecord& record : weights.tensors) file.tensors[record.name] = to_tensor(record);
  return file;
}

void write_tensor_file(const std::string& path, const TensorFile& file) {
  std::vector<torch::Tensor> contiguous;  // keeps alive what the records view
  std::vector<TensorRecord> records;
  for (const auto& [name, tensor] : file.tensors) {
    contiguous.push_back(tensor.detach().cpu().contiguous());
    records.push_back(to_record(name, contiguous.back()));
  }
  write_safetensors(path, records, file.metadata);
}

}  // namespace skein
