#include "trainer/data/image_source.h"

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

int64_t ImageSource::class_index(const std::string& name) const {
  const std::vector<std::string>& names = classes();
  const auto found = std::lower_bound(names.begin(), names.end(), name);
  return found != names.end() && *found == name ? found - names.begin() : -1;
}

std::vector<size_t> ImageSource::images_by_class() const {
  std::vector<size_t> counts(classes().size());
  for (size_t i = 0; i < num_images(); ++i) ++counts[static_cast<size_t>(label(i))];
  return counts;
}

std::string listing_of(const ImageSource& source) {
  std::string text;
  for (const std::string& name : source.classes()) text += name + "/";
  for (size_t i = 0; i < source.num_images(); ++i) {
    text += '/';
    text += source.relative_name(i);
    text += ':';
    text += std::to_string(source.label(i));
    text += '\n';
  }
  return text + source.variant();
}

std::string comma_separated(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void require_known_classes(const std::string& place, const std::vector<std::string>& found,
                           const ImageSource& training) {
  std::vector<std::string> unknown;
  for (const std::string& name : found)
    if (training.class_index(name) < 0) unknown.push_back(name);
  if (unknown.empty()) return;
  throw DataError(concat(place, " holds ", unknown.size(), " of ", found.size(), " classes that are not in ",
                         training.place(), ": ", comma_separated(unknown)),
                  concat("give ", training.place(), " training images of the class ", unknown.front(),
                         ", or remove that class from ", place));
}

}  // namespace skein
