#include "trainer/evaluation/confusion_matrix.h"

#include <array>
#include <cstring>

#include "trainer/evaluation/text_fields.h"

namespace skein {
namespace {

using Entry = std::array<std::int64_t, 3>;  // label, prediction, count

}  // namespace

std::vector<std::int64_t> ConfusionMatrix::dense() const {
  std::vector<std::int64_t> all(num_classes_ * num_classes_);
  for (const auto& [pair, count] : counts_)
    all[static_cast<std::size_t>(pair.first) * num_classes_ + static_cast<std::size_t>(pair.second)] = count;
  return all;
}

std::string ConfusionMatrix::pack() const {
  std::string bytes;
  for (const auto& [pair, count] : counts_) {
    const Entry entry{pair.first, pair.second, count};
    bytes.append(reinterpret_cast<const char*>(entry.data()), sizeof entry);
  }
  return bytes;
}

void ConfusionMatrix::add_packed(const std::string& packed) {
  for (std::size_t at = 0; at + sizeof(Entry) <= packed.size(); at += sizeof(Entry)) {
    Entry entry;
    std::memcpy(entry.data(), packed.data() + at, sizeof entry);
    add(entry[0], entry[1], entry[2]);
  }
}

std::string confusion_csv(const ConfusionMatrix& matrix, const std::vector<std::string>& classes) {
  const std::vector<std::int64_t> counts = matrix.dense();
  std::string text = "true class";
  for (const std::string& name : classes) text += "," + csv_field(name);
  for (std::size_t label = 0; label < classes.size(); ++label) {
    text += "\n" + csv_field(classes[label]);
    for (std::size_t other = 0; other < classes.size(); ++other)
      text += "," + std::to_string(counts[label * classes.size() + other]);
  }
  return text + "\n";
}

}  // namespace skein
