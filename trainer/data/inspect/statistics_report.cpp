#include "trainer/data/inspect/statistics_report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

#include "runtime/process/text.h"
#include "trainer/data/byte_count.h"

namespace skein {

namespace {

using nlohmann::json;

constexpr size_t kMaxListed = 10;
constexpr size_t kMaxClasses = 40;

struct Spread {
  int least = 0;
  int median = 0;
  int largest = 0;
};

template <class Measure>
Spread spread_of(const std::vector<ImageSize>& sizes, Measure measure) {
  std::vector<int> values;
  for (const ImageSize& dimensions : sizes) values.push_back(measure(dimensions));
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

struct NamedSpread {
  const char* name;
  Spread spread;
};

std::vector<NamedSpread> spreads_of(const SourceStatistics& split) {
  return {{"width", spread_of(split.sizes, [](ImageSize s) { return s.width; })},
          {"height", spread_of(split.sizes, [](ImageSize s) { return s.height; })},
          {"shorter side", spread_of(split.sizes, [](ImageSize s) { return std::min(s.width, s.height); })}};
}

std::string numbers(const std::array<double, 3>& values) {
  char text[80];
  std::snprintf(text, sizeof(text), "%.4f,%.4f,%.4f", values[0], values[1], values[2]);
  return text;
}

std::string title(const SourceStatistics& split) {
  return split.name.empty() ? split.place : concat(split.name, " (", split.place, ")");
}

void print_class(const ClassCount& of_class, std::ostream& out) {
  char text[60];
  std::snprintf(text, sizeof(text), "  %9zu  %12s  ", of_class.num_images, byte_text(of_class.num_bytes).c_str());
  out << text << of_class.name << "\n";
}

/// All of few classes; of many, those with the fewest and those with the most images.
void print_classes(std::vector<ClassCount> classes, std::ostream& out) {
  out << "     images         bytes  class\n";
  if (classes.size() <= kMaxClasses) {
    for (const ClassCount& of_class : classes) print_class(of_class, out);
    return;
  }
  std::stable_sort(classes.begin(), classes.end(), [](const auto& a, const auto& b) { return a.num_images < b.num_images; });
  for (size_t i = 0; i < kMaxListed; ++i) print_class(classes[i], out);
  out << "  ... " << classes.size() - 2 * kMaxListed << " classes between these; --json lists all\n";
  for (size_t i = classes.size() - kMaxListed; i < classes.size(); ++i) print_class(classes[i], out);
}

template <class List, class Line>
void print_some(const List& list, std::ostream& out, Line line) {
  for (size_t i = 0; i < std::min(kMaxListed, list.size()); ++i) out << "    " << line(list[i]) << "\n";
  if (list.size() > kMaxListed) out << "    ... and " << list.size() - kMaxListed << " more; --json lists all\n";
}

void print_oddities(const SourceStatistics& split, const ImageSource& source, std::ostream& out) {
  out << "  JPEG " << split.num_jpeg << ", PNG " << split.num_png << ", raw " << split.num_raw << "; grey " << split.num_grey
      << ", CMYK " << split.num_cmyk << ", EXIF-rotated " << split.num_rotated << ", unreadable " << split.unreadable.size()
      << ", of other formats " << split.num_other_formats << "\n";
  print_some(split.unreadable, out, [](const BadImage& bad) { return bad.cause; });
  if (!split.duplicates.empty())
    out << "  " << split.duplicates.size() << " images have the same bytes as another one, " << split.num_contradictions
        << " of them with another label\n";
  print_some(split.duplicates, out, [&](const SameImage& same) {
    return concat(source.relative_name(same.index), " = ", source.relative_name(same.first));
  });
}

void print_split(const SourceStatistics& split, const ImageSource& source, std::ostream& out) {
  out << title(split) << ": " << split.num_images << " images of " << split.classes.size() << " classes, "
      << byte_text(split.num_bytes) << "\n";
  print_classes(split.classes, out);
  for (const auto& [name, spread] : spreads_of(split))
    out << "  " << name << ": " << spread.least << " to " << spread.largest << ", median " << spread.median << "\n";
  out << "  mean " << numbers(split.mean) << ", standard deviation " << numbers(split.deviation) << " (R,G,B of 0 to 1)\n";
  print_oddities(split, source, out);
}

json split_json(const SourceStatistics& split, const ImageSource& source) {
  json classes = json::array(), unreadable = json::array(), duplicates = json::array(), sizes = json::object();
  for (const ClassCount& of_class : split.classes)
    classes.push_back({{"name", of_class.name}, {"num_images", of_class.num_images}, {"num_bytes", of_class.num_bytes}});
  for (const BadImage& bad : split.unreadable)
    unreadable.push_back({{"image", source.relative_name(bad.index)}, {"cause", bad.cause}});
  for (const SameImage& same : split.duplicates)
    duplicates.push_back({{"image", source.relative_name(same.index)}, {"same_as", source.relative_name(same.first)}});
  for (const auto& [name, spread] : spreads_of(split))
    sizes[name == std::string("shorter side") ? "shorter_side" : name] = {
        {"min", spread.least}, {"median", spread.median}, {"max", spread.largest}};
  return {{"split", split.name},
          {"path", split.place},
          {"num_images", split.num_images},
          {"num_bytes", split.num_bytes},
          {"classes", classes},
          {"sizes", sizes},
          {"mean", split.mean},
          {"std", split.deviation},
          {"num_jpeg", split.num_jpeg},
          {"num_png", split.num_png},
          {"num_raw", split.num_raw},
          {"num_grey", split.num_grey},
          {"num_cmyk", split.num_cmyk},
          {"num_rotated", split.num_rotated},
          {"num_other_formats", split.num_other_formats},
          {"num_contradictions", split.num_contradictions},
          {"unreadable", unreadable},
          {"duplicates", duplicates}};
}

}  // namespace

DataSetStatistics gather_data_set(std::vector<NamedSource> sources, size_t num_workers, const InspectProgress& progress) {
  DataSetStatistics all;
  all.sources = std::move(sources);
  for (const NamedSource& source : all.sources) all.splits.push_back(gather_statistics(source, num_workers, progress));
  for (size_t later = 1; later < all.splits.size(); ++later)
    for (size_t earlier = 0; earlier < later; ++earlier) {
      auto images = find_leaks(*all.sources[earlier].source, all.splits[earlier], *all.sources[later].source, all.splits[later]);
      if (!images.empty()) all.leaks.push_back({earlier, later, std::move(images)});
    }
  return all;
}

void print_statistics(const DataSetStatistics& statistics, std::ostream& out) {
  for (size_t i = 0; i < statistics.splits.size(); ++i)
    print_split(statistics.splits[i], *statistics.sources[i].source, out);
  for (const auto& leak : statistics.leaks) {
    out << "WARNING: " << leak.images.size() << " images of " << statistics.splits[leak.later].name << " are in "
        << statistics.splits[leak.earlier].name << " too: what is measured on them flatters the network\n";
    print_some(leak.images, out, [](const LeakedImage& image) { return concat(image.name, " = ", image.twin); });
  }
}

json statistics_json(const DataSetStatistics& statistics) {
  json splits = json::array(), leaks = json::array();
  for (size_t i = 0; i < statistics.splits.size(); ++i)
    splits.push_back(split_json(statistics.splits[i], *statistics.sources[i].source));
  for (const auto& leak : statistics.leaks)
    for (const LeakedImage& image : leak.images) leaks.push_back({{"image", image.name}, {"same_as", image.twin}});
  return {{"splits", splits}, {"leaks", leaks}};
}

}  // namespace skein
