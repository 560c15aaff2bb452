// allreduce LIBRARY MIN_BYTES MAX_BYTES FACTOR: times an in-place allreduce (float32, sum) of MPI or oneCCL as
// collective_perf times Skein's, and prints one JSON line. LIBRARY is mpi or, compiled with -DWITH_ONECCL, ccl. Started by
// that library's mpirun; scripts/compare_peers --collectives compiles and starts it.

#include <mpi.h>
#ifdef WITH_ONECCL
#include <oneapi/ccl.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Allreduce = std::function<void(std::vector<float>& buffer, std::size_t count)>;

void mpi_allreduce(std::vector<float>& buffer, std::size_t count) {
  MPI_Allreduce(MPI_IN_PLACE, buffer.data(), static_cast<int>(count), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}

#ifdef WITH_ONECCL
Allreduce ccl_allreduce(int rank, int num_ranks) {
  ccl::init();
  ccl::shared_ptr_class<ccl::kvs> store;
  ccl::kvs::address_type address;
  if (rank == 0) {
    store = ccl::create_main_kvs();
    address = store->get_address();
  }
  MPI_Bcast(address.data(), static_cast<int>(address.size()), MPI_BYTE, 0, MPI_COMM_WORLD);
  if (rank != 0) store = ccl::create_kvs(address);
  const auto communicator = std::make_shared<ccl::communicator>(ccl::create_communicator(num_ranks, rank, store));
  return [communicator](std::vector<float>& buffer, std::size_t count) {
    ccl::allreduce(buffer.data(), buffer.data(), count, ccl::reduction::sum, *communicator).wait();
  };
}
#else
Allreduce ccl_allreduce(int, int) {
  std::fprintf(stderr, "allreduce: compiled without oneCCL\n");
  std::exit(2);
}
#endif

/// As in collective_perf: small whole numbers that differ by rank, position and iteration.
float pattern(int rank, std::size_t i, int iteration) {
  const std::size_t shift = static_cast<std::size_t>(rank) * 5 + static_cast<std::size_t>(iteration) * 3;
  return static_cast<float>((i * 7 + (i >> 8) + shift) & 3);
}

void check(const std::vector<float>& buffer, std::size_t count, int num_ranks, int iteration) {
  for (std::size_t i = 0; i < count; ++i) {
    float expected = 0;
    for (int rank = 0; rank < num_ranks; ++rank) expected += pattern(rank, i, iteration);
    if (buffer[i] == expected) continue;
    std::fprintf(stderr, "allreduce: element %zu of %zu is %g in the place of %g\n", i, count, buffer[i], expected);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

/// Microseconds: the median of the slowest rank.
double measure(const Allreduce& allreduce, std::vector<float>& buffer, std::size_t num_bytes, int rank, int num_ranks) {
  const std::size_t count = num_bytes / sizeof(float);
  const int num_iters = static_cast<int>(std::clamp<std::size_t>((32u << 20) / num_bytes, 5, 1000));
  std::vector<double> microseconds;
  for (int i = -2; i < num_iters; ++i) {  // two warm up
    for (std::size_t k = 0; k < count; ++k) buffer[k] = pattern(rank, k, i + 2);
    MPI_Barrier(MPI_COMM_WORLD);
    const auto begin = Clock::now();
    allreduce(buffer, count);
    if (i >= 0) microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    if (i < 0 || i == num_iters - 1) check(buffer, count, num_ranks, i + 2);
  }
  double slowest = median(microseconds);
  MPI_Allreduce(MPI_IN_PLACE, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return slowest;
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  const bool ccl = argc > 1 && std::string(argv[1]) == "ccl";
  MPI_Init_thread(&argc, &argv, ccl ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE, &provided);
  if (argc != 5) {
    std::fprintf(stderr, "usage: allreduce LIBRARY MIN_BYTES MAX_BYTES FACTOR\n");
    MPI_Abort(MPI_COMM_WORLD, 2);
  }
  const std::size_t min_bytes = std::stoull(argv[2]), max_bytes = std::stoull(argv[3]), factor = std::stoull(argv[4]);
  int rank = 0, num_ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &num_ranks);
  {
    const Allreduce allreduce = ccl ? ccl_allreduce(rank, num_ranks) : mpi_allreduce;
    std::vector<float> buffer(max_bytes / sizeof(float));
    std::string line;
    for (std::size_t num_bytes = min_bytes; num_bytes <= max_bytes; num_bytes *= factor)
      line += (line.empty() ? "{\"" : ", \"") + std::to_string(num_bytes) +
              "\": " + std::to_string(measure(allreduce, buffer, num_bytes, rank, num_ranks));
    if (rank == 0) std::printf("%s}\n", line.c_str());
  }
  MPI_Finalize();
}
