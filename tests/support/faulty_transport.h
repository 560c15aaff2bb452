#pragma once
// A transport on which one transfer goes wrong.

#include <chrono>
#include <memory>

#include "collectives/transport.h"

namespace skein {

/// What happens to the `nth` transfer, sends and receives counted together from 0 in the order in which they
/// are started.
struct Fault {
  enum class Kind {
    kFail,      ///< wait() throws PeerLost
    kDelay,     ///< wait() takes `delay` longer, or throws TimeoutError at its deadline
    kTruncate,  ///< a send loses its last byte; a receive throws Error as if it had been given too little
  };
  Kind kind = Kind::kFail;
  int nth = 0;
  std::chrono::milliseconds delay{0};
};

/// Passes everything on to `transport`, but for the fault. Splits are free of faults.
std::unique_ptr<Transport> make_faulty(std::unique_ptr<Transport> transport, const Fault& fault);

}  // namespace skein
