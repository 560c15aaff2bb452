#include "trainer/parallel/gradient_layout.h"

#include "runtime/process/text.h"
#include "trainer/parallel/tensor_buffer.h"

namespace skein {
namespace {

/// Elements from one parameter to the next: whole cache lines, so that slices of different ranks share none.
std::int64_t padded_elements(const torch::Tensor& tensor) {
  constexpr std::int64_t kCacheLineBytes = 64;
  const std::int64_t unit = kCacheLineBytes / tensor.element_size();
  return (tensor.numel() + unit - 1) / unit * unit;
}

/// A tensor like `shape` over the storage of `memory`. Not a view to autograd, so optimizers may detach it in place.
torch::Tensor share(const torch::Tensor& memory, std::int64_t offset, const torch::Tensor& shape) {
  return torch::empty({0}, memory.options()).set_(memory.storage(), offset, shape.sizes(), shape.strides());
}

}  // namespace

GradientLayout::GradientLayout(Communicator& communicator, const std::vector<NamedTensor>& parameters,
                               const BucketOptions& options)
    : parameters_(parameters), options_(options), bucket_of_(parameters.size()) {
  std::map<torch::ScalarType, std::int64_t> totals;
  for (const NamedTensor& named : parameters_) totals[named.tensor.scalar_type()] += padded_elements(named.tensor);
  for (const auto& [type, total] : totals) memory_[type] = arena_tensor(communicator, total, type);
  arrange(reverse_order(parameters_.size()));
}

void GradientLayout::arrange(const std::vector<std::size_t>& order) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> values;
  for (const torch::Tensor& view : views_) values.push_back(view.clone());
  for (auto& [type, memory] : memory_) memory.zero_();

  std::vector<ParameterSize> sizes;
  for (const NamedTensor& named : parameters_)
    sizes.push_back({static_cast<std::size_t>(padded_elements(named.tensor) * named.tensor.element_size()),
                     static_cast<int>(named.tensor.scalar_type())});
  buckets_.clear();
  for (std::vector<std::size_t>& parameters : plan_buckets(sizes, order, options_))
    buckets_.push_back({{}, std::move(parameters)});

  views_.assign(parameters_.size(), {});
  std::map<torch::ScalarType, std::int64_t> used;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    Bucket& bucket = buckets_[i];
    place(bucket, used);
    bucket.content.index = i;
    bucket.content.is_last = i + 1 == buckets_.size();
    bucket.content.name =
        concat("gradients ", i + 1, "/", buckets_.size(), " ", parameters_[bucket.parameters.front()].name, "..",
               parameters_[bucket.parameters.back()].name);
    for (const std::size_t parameter : bucket.parameters) bucket_of_[parameter] = i;
  }
  for (std::size_t i = 0; i < values.size(); ++i) views_[i].copy_(values[i]);
}

void GradientLayout::place(Bucket& bucket, std::map<torch::ScalarType, std::int64_t>& used) {
  const torch::ScalarType type = parameters_[bucket.parameters.front()].tensor.scalar_type();
  const torch::Tensor& memory = memory_.at(type);
  std::int64_t& offset = used[type];
  const std::int64_t begin = offset;
  for (const std::size_t parameter : bucket.parameters) {
    const torch::Tensor& tensor = parameters_[parameter].tensor;
    views_[parameter] = share(memory, offset, tensor);
    bucket.content.parameters.push_back({parameters_[parameter].name, views_[parameter]});
    offset += padded_elements(tensor);
  }
  bucket.content.gradients = memory.narrow(0, begin, offset - begin);
}

}  // namespace skein
