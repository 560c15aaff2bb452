#pragma once
// How the C library's allocator treats large tensors. Process-wide; what the user set through MALLOC_* variables or
// GLIBC_TUNABLES stays.

namespace skein {

/// At the start of main(): large blocks go back to the kernel as soon as they are freed. Otherwise what preparing takes for a
/// while (a model that is made in one memory format and brought into another, gradients that find their order) stays with
/// the process, in pieces that fit nothing later: 55 of 140 MiB for ResNet-18 on 8 images of 64x64.
void return_freed_memory();

/// After the first step: lets freed memory stay with the process, so that the next step finds its pages in place. Otherwise
/// every step faults them in, zeroed, again: ResNet-18 on 8 images of 64x64 took 22,000 page faults and 37 ms of system time
/// a step, against 300 faults and almost none. Up to 2 GiB of freed memory may be held.
void keep_freed_memory();

/// After the first step: what only starting up needed no longer counts against the process. Freed memory that is not at the
/// heap's end goes back to the kernel; code of programs and libraries is let go, and comes back, from the page cache, where it
/// is needed again. Of LibTorch's code, start-up touches 68 MiB and a training step of ResNet-18 22.
void forget_startup();

}  // namespace skein
