#pragma once
// Sleeping on a 32-bit word shared between processes.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace skein {

/// Sleeps while `word` still holds `expected`, at most `timeout`; may wake early. The caller rechecks.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, std::chrono::nanoseconds timeout);
/// Wakes everyone who sleeps on `word`, in any process that maps it.
void futex_wake_all(const std::atomic<std::uint32_t>& word);

/// Tells the core that this thread is spinning.
#if defined(__x86_64__)
inline void cpu_relax() {
  __builtin_ia32_pause();
}
#else
inline void cpu_relax() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}
#endif

}  // namespace skein
