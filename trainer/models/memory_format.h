#pragma once
// LibTorch's Module::to knows no memory format; this is module.to(memory_format=torch.channels_last) of
// Python.

namespace torch::nn {
class Module;
}

namespace skein {

/// Lays out every 4-D parameter and buffer of `module` as channels_last (NHWC in memory, NCHW by index).
/// Values, names and tensor identities stay, so optimizers may exist already; gradients do not follow, so
/// call it before the first backward and before DataParallel plans its buckets. Inputs are the caller's to
/// convert.
void to_channels_last(torch::nn::Module& module);

}  // namespace skein
