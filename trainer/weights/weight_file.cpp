#include "trainer/weights/weight_file.h"

#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/pth.h"
#include "trainer/weights/safetensors.h"

namespace skein {

WeightFile read_weight_file(const std::string& path, std::span<const std::byte> bytes) {
  if (looks_like_zip(bytes) || looks_like_legacy_pth(bytes)) return read_pth(path, bytes);
  if (looks_like_safetensors(bytes)) return read_safetensors(path, bytes);
  throw DataError(concat(path, ": is neither a safetensors file nor a file of torch.save"),
                  "check that the download is complete and is the file itself, not a page or a pointer to it");
}

WeightFile open_weight_file(const std::string& path) {
  auto mapping = std::make_shared<const MappedFile>(path);
  WeightFile file = read_weight_file(path, mapping->bytes());
  file.mapping = std::move(mapping);
  return file;
}

}  // namespace skein
