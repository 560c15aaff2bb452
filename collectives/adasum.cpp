#include "collectives/adasum.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "collectives/convert_kernels.h"
#include "collectives/schedule.h"

namespace skein {
namespace {

/// The vectors with these numbers become one, which takes the place of `left`.
struct Pair {
  int left;
  int right;
};

/// Adds the pairs of the tree over the vectors [begin, end) to `levels`, leaves first; returns its height.
int plan_tree(int begin, int end, std::vector<std::vector<Pair>>& levels) {
  const int count = end - begin;
  if (count == 1) return 0;
  const int middle = begin + static_cast<int>(std::bit_ceil(static_cast<unsigned>(count)) / 2);
  const int level = std::max(plan_tree(begin, middle, levels), plan_tree(middle, end, levels));
  if (static_cast<int>(levels.size()) <= level) levels.resize(level + 1);
  levels[level].push_back({begin, middle});
  return level + 1;
}

/// a.a, b.b and a.b, each added up in eight lanes so that the compiler can use vectors.
template <class T>
void add_dot_products(const T* a, const T* b, std::size_t count, double* products) {
  constexpr std::size_t kLanes = 8;
  double aa[kLanes] = {};
  double bb[kLanes] = {};
  double ab[kLanes] = {};
  const auto add = [&](std::size_t lane, double x, double y) {
    aa[lane] += x * x;
    bb[lane] += y * y;
    ab[lane] += x * y;
  };
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, a[i + lane], b[i + lane]);
  for (; i < count; ++i) add(0, a[i], b[i]);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    products[0] += aa[lane];
    products[1] += bb[lane];
    products[2] += ab[lane];
  }
}

/// How much of one vector goes into the result; a vector of zeros has no direction in common with anything.
double share(double dot, double squared_length) {
  return squared_length == 0 ? 1.0 : 1.0 - dot / (2 * squared_length);
}

template <class T>
void combine(T* a, const T* b, std::size_t count, const double* products) {
  const T of_a = static_cast<T>(share(products[2], products[0]));
  const T of_b = static_cast<T>(share(products[2], products[1]));
  for (std::size_t i = 0; i < count; ++i) a[i] = of_a * a[i] + of_b * b[i];
}

template <class T>
constexpr DType kTypeOf = sizeof(T) == sizeof(double) ? DType::kFloat64 : DType::kFloat32;

/// Turns this rank's slice of every vector, one behind the other, into its slice of the result, which is the first.
template <class T>
void reduce_slices(std::vector<T>& slices, std::size_t slice, int world_size, const Request& request,
                   const std::function<void(const Request&)>& run_part) {
  std::vector<std::vector<Pair>> levels;
  plan_tree(0, world_size, levels);
  for (const std::vector<Pair>& pairs : levels) {
    std::vector<double> products(3 * pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i)
      add_dot_products(&slices[pairs[i].left * slice], &slices[pairs[i].right * slice], slice, &products[3 * i]);
    const Buffer all{products.data(), products.size(), DType::kFloat64};
    run_part({.operation = Operation::kAllreduce, .input = all, .output = all, .name = request.name});
    for (std::size_t i = 0; i < pairs.size(); ++i)
      combine(&slices[pairs[i].left * slice], &slices[pairs[i].right * slice], slice, &products[3 * i]);
  }
}

/// In elements of T, the type in which vectors are combined.
template <class T>
void adasum(const Buffer& vector, const Request& request, int rank, int world_size,
            const std::function<void(const Request&)>& run_part) {
  std::vector<std::size_t> counts;
  for (const Range& part : split_evenly(vector.count, world_size)) counts.push_back(part.count);
  const std::size_t slice = counts[rank];
  const std::vector<std::size_t> alike(world_size, slice);
  std::vector<T> slices(std::max<std::size_t>(1, slice * world_size));
  run_part({.operation = Operation::kAlltoall,
            .input = vector,
            .output = {slices.data(), slice * world_size, kTypeOf<T>},
            .name = request.name,
            .block_counts = counts,
            .recv_counts = alike});
  reduce_slices(slices, slice, world_size, request, run_part);
  run_part({.operation = Operation::kAllgather,
            .input = {slices.data(), slice, kTypeOf<T>},
            .output = vector,
            .name = request.name,
            .block_counts = counts});
}

}  // namespace

void adasum_allreduce(const Request& request, int rank, int world_size,
                      const std::function<void(const Request&)>& run_part) {
  const Buffer& input = request.input;
  const Buffer& output = request.output;
  if (input.dtype == DType::kFloat64) {
    if (output.data != input.data)
      std::copy_n(static_cast<const double*>(input.data), input.count, static_cast<double*>(output.data));
    return adasum<double>(output, request, rank, world_size, run_part);
  }
  std::vector<float> vector(input.count + 1);
  convert_elements(vector.data(), DType::kFloat32, input.data, input.dtype, input.count);
  adasum<float>({vector.data(), input.count, DType::kFloat32}, request, rank, world_size, run_part);
  convert_elements(output.data, output.dtype, vector.data(), DType::kFloat32, output.count);
}

}  // namespace skein
