#pragma once
// The images that a network is most wrong about, for people to look at: labels may be wrong, or the pictures hard.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>

#include "trainer/data/image/decode.h"
#include "trainer/data/image_source.h"
#include "trainer/evaluation/image_record.h"

namespace skein {

/// Longer side of the small pictures.
inline constexpr int kThumbnailSide = 160;

/// Writes `folder`/worst_images/0001.jpg and so on, the worst first, and then `folder`/worst_images.json (docs/formats.md), which
/// begins with the fields of `about`. What an earlier call has left and this one does not need goes. A picture that cannot be read
/// any more has no thumbnail. `decode`: as the network got them. Throws StorageError.
void write_worst_images(const std::filesystem::path& folder, const ImageSource& images, std::span<const ImageRecord> worst,
                        const nlohmann::json& about, const DecodeOptions& decode = {});

}  // namespace skein
