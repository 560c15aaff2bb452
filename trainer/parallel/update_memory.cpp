#include "trainer/parallel/update_memory.h"

#include <sys/mman.h>

#include <new>

namespace skein {
namespace {

std::shared_ptr<std::byte> untouched_pages(std::size_t num_bytes) {
  void* const data =
      mmap(nullptr, num_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  return {static_cast<std::byte*>(data), [num_bytes](std::byte* bytes) { munmap(bytes, num_bytes); }};
}

}  // namespace

UpdateMemory UpdateMemory::of_host(Communicator& communicator) {
  return UpdateMemory(&communicator);
}
UpdateMemory UpdateMemory::of_rank() {
  return UpdateMemory(nullptr);
}

std::shared_ptr<std::byte> UpdateMemory::allocate(std::size_t num_bytes) const {
  return communicator_ != nullptr ? communicator_->allocate(num_bytes, MemoryOf::kHost).data : untouched_pages(num_bytes);
}

std::vector<torch::Tensor> UpdateMemory::like(const std::vector<NamedTensor>& parameters) const {
  constexpr std::size_t kLineBytes = 64;
  std::vector<std::size_t> offsets;
  std::size_t num_bytes = 0;
  for (const NamedTensor& named : parameters) {
    offsets.push_back(num_bytes);
    num_bytes += (named.tensor.nbytes() + kLineBytes - 1) / kLineBytes * kLineBytes;
  }
  const std::shared_ptr<std::byte> memory = allocate(num_bytes);
  std::vector<torch::Tensor> tensors;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const torch::Tensor& tensor = parameters[i].tensor;
    tensors.push_back(torch::from_blob(memory.get() + offsets[i], tensor.sizes(), tensor.strides(), [memory](void*) {},
                                       torch::TensorOptions().dtype(tensor.scalar_type())));
  }
  return tensors;
}

std::shared_ptr<double> UpdateMemory::doubles(std::size_t count) const {
  const std::shared_ptr<std::byte> memory = allocate(count * sizeof(double));
  return {memory, reinterpret_cast<double*>(memory.get())};
}

}  // namespace skein
