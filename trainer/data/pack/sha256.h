#pragma once
// SHA-256 (FIPS 180-4), computed by OpenSSL.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace skein {

using Digest = std::array<uint8_t, 32>;

/// A running digest. Use from one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& add(std::span<const uint8_t> bytes);
  Sha256& add(std::string_view text) { return add({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256(std::span<const uint8_t> bytes);
/// 64 hexadecimal digits.
std::string hex(const Digest& digest);

}  // namespace skein
