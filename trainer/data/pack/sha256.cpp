#include "trainer/data/pack/sha256.h"

#include <openssl/evp.h>

#include "runtime/process/error.h"

namespace skein {

namespace {

void require(int result) {
  if (result != 1) throw Error("OpenSSL cannot compute SHA-256");
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

Sha256& Sha256::add(std::span<const uint8_t> bytes) {
  require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
  return *this;
}

Digest Sha256::finish() {
  Digest digest{};
  require(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  return digest;
}

Digest sha256(std::span<const uint8_t> bytes) {
  return Sha256().add(bytes).finish();
}

std::string hex(const Digest& digest) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace skein
