#pragma once
// What links cost, as far as the choice between algorithms depends on it.
//
// The model is LogGP: Hockney's alpha and beta ("The communication challenge for MPP", Parallel Computing 20 (1994),
// doi:10.1016/S0167-8191(06)80021-9) with the processor's share of alpha apart (Alexandrov, Ionescu, Schauser, Scheiman,
// "LogGP: incorporating long messages into the LogP model", SPAA 1995, doi:10.1145/215399.215427).

#include <cstdint>
#include <filesystem>
#include <string>

#include "collectives/call.h"

namespace skein {

/// One kind of link. A message of n bytes arrives alpha + n * beta after its send() began, if nothing is in its way.
struct LinkCosts {
  double alpha = 0;     ///< seconds an empty message takes
  double beta = 0;      ///< seconds that a byte occupies the link in its direction
  double overhead = 0;  ///< the part of alpha, in seconds, for which each side's processor is busy
  bool operator==(const LinkCosts&) const = default;
};

/// The same on all ranks of a communicator. The defaults are those of a slow network.
struct LinkProfile {
  LinkCosts between_hosts{30e-6, 10e-9, 3e-6};
  LinkCosts within_host{1e-6, 0.25e-9, 0.3e-6};
  double reduce_byte_seconds = 0.2e-9;  ///< to combine a byte that has arrived with one that is there ("gamma")
  /// A bit for each operation whose default choice measured faster than the one made by this profile.
  std::uint32_t keeps_default = 0;
  bool operator==(const LinkProfile&) const = default;

  bool keeps_default_of(Operation operation) const { return (keeps_default >> static_cast<int>(operation) & 1) != 0; }
  void keep_default_of(Operation operation) { keeps_default |= 1u << static_cast<int>(operation); }
};

/// The profile as a file holds it (JSON, docs/formats.md), and back. Throws ConfigError that names `source`, the field
/// and what to do.
std::string to_text(const LinkProfile& profile, const std::string& measured_on = "");
LinkProfile parse_link_profile(const std::string& text, const std::string& source);

/// Throws ConfigError when the file cannot be read, too.
LinkProfile read_link_profile(const std::filesystem::path& file);

}  // namespace skein
