#include "trainer/evaluation/image_record.h"

#include <cmath>
#include <cstring>
#include <type_traits>

namespace skein {

static_assert(std::is_trivially_copyable_v<ImageRecord>);

double ImageRecord::label_probability() const {
  return std::exp(-static_cast<double>(loss));
}

bool is_worse(const ImageRecord& a, const ImageRecord& b) {
  if (std::isnan(a.loss) != std::isnan(b.loss)) return std::isnan(a.loss);
  if (a.loss != b.loss && !std::isnan(a.loss)) return a.loss > b.loss;
  return a.index < b.index;
}

std::string pack_records(std::span<const ImageRecord> records) {
  return {reinterpret_cast<const char*>(records.data()), records.size_bytes()};
}

void append_records(const std::string& packed, std::vector<ImageRecord>& records) {
  const std::size_t num_before = records.size();
  records.resize(num_before + packed.size() / sizeof(ImageRecord));
  if (!packed.empty()) std::memcpy(records.data() + num_before, packed.data(), packed.size());
}

}  // namespace skein
