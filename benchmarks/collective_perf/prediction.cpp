#include "benchmarks/collective_perf/prediction.h"

#include "collectives/mpi_transport.h"
#include "collectives/share_links.h"
#include "collectives/tune/measure_links.h"
#include "runtime/process/error.h"

namespace skein::bench {

Prediction::Prediction(World& world) : topology_(world.topology()) {
  if (topology_.num_hosts() < 2)
    throw UsageError("--predict is of schedules between hosts, and all ranks are on one", "start it on several hosts");
  const auto transport = make_mpi_transport(world);
  const auto links = share_links(*transport, std::nullopt, Deadline::after(kDefaultTimeout));
  algorithms_ = choose_algorithms(topology_, links);
  was_measured_ = !links;
  links_ = links ? *links : measure_links(*transport, topology_, /*repeats=*/5).profile;
}

double Prediction::microseconds(Operation operation, std::size_t num_bytes, std::size_t element_bytes,
                                std::size_t wire_element_bytes, int root) const {
  // What travels with the agreement is not converted.
  if (travels_with_agreement(operation, num_bytes, topology_)) wire_element_bytes = element_bytes;
  const CallShape shape{operation, num_bytes / element_bytes * wire_element_bytes, topology_, wire_element_bytes, root};
  return 1e6 * predict_seconds(call_workload(shape, algorithms_), hosts_of(topology_), links_);
}

}  // namespace skein::bench
