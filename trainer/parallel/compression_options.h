#pragma once
// How gradients are made smaller for the link between hosts; see gradient_compression.h. Free of LibTorch.

#include <cstdint>
#include <string>
#include <variant>

#include "collectives/dtype.h"

namespace skein {

/// Gradients travel between hosts as float16 or bfloat16 (Request::wire_dtype); ranks of one host lose nothing.
struct WireTypeOptions {
  DType wire_dtype = DType::kBFloat16;
};

/// The average of each matrix is approximated by one of low rank, found by one step of power iteration from the last one:
/// T. Vogels, S. P. Karimireddy, M. Jaggi, "PowerSGD: Practical Low-Rank Gradient Compression for Distributed
/// Optimization", NeurIPS 2019, arXiv:1905.13727. Two allreduces a bucket, the second after backward.
struct PowerSgdOptions {
  std::int64_t rank = 4;            ///< of the approximation: a matrix of n x m travels as rank * (n + m) numbers
  double min_compression_rate = 2;  ///< matrices that would become less than this many times smaller travel as they are
  std::int64_t first_step = 0;      ///< before it, counted from 0, gradients are averaged as they are
  std::uint64_t seed = 0;           ///< of the first guess
};

/// Each rank sends the elements of largest magnitude, with their places: S. U. Stich, J.-B. Cordonnier, M. Jaggi,
/// "Sparsified SGD with Memory", NeurIPS 2018, arXiv:1809.07599. An allgather: every rank receives 8 * ratio * elements
/// bytes from every other one, so with many ranks it no longer pays.
struct TopKOptions {
  double ratio = 0.01;  ///< share of each matrix's elements that a rank sends in a step, at least one; 0 < ratio <= 1
  std::int64_t first_step = 0;
};

/// monostate: none.
using CompressionOptions = std::variant<std::monostate, WireTypeOptions, PowerSgdOptions, TopKOptions>;

/// "PowerSGD of rank 4", for messages; the same for the same options.
std::string describe(const CompressionOptions& options);

}  // namespace skein
