#pragma once
// What the model of the links says of a collective between hosts.

#include <cstddef>
#include <optional>

#include "collectives/choose.h"
#include "collectives/link_profile.h"
#include "collectives/workload.h"
#include "runtime/process/world.h"

namespace skein::bench {

/// The costs of the links and the choices that communicators of this job make, alike on all ranks.
class Prediction {
 public:
  /// Collective. By the profile that rank 0's environment names, and by what is measured at once where it names none.
  explicit Prediction(World& world);

  /// Of a call between hosts whose elements travel in `wire_element_bytes`; see CallShape for the bytes of the buffer.
  double microseconds(Operation operation, std::size_t num_bytes, std::size_t element_bytes,
                      std::size_t wire_element_bytes, int root) const;
  const LinkProfile& links() const { return links_; }
  bool was_measured() const { return was_measured_; }

 private:
  const Topology& topology_;
  AlgorithmTable algorithms_;
  LinkProfile links_;
  bool was_measured_ = false;
};

}  // namespace skein::bench
