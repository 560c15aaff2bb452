#pragma once
// The arguments of reduce_buffers() in the form in which they reach the kernel of an instruction set.

#include <cstddef>

namespace skein {

struct ReduceSpan {
  void* const* destinations;
  std::size_t num_destinations;
  const void* const* sources;
  std::size_t num_sources;
};

}  // namespace skein
