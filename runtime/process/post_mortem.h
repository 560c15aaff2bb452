#pragma once
// What a rank leaves on disk when the job fails: one JSON file a rank with its error and what it did last.

#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace skein {

/// All functions may be called from any thread.
class PostMortem {
 public:
  PostMortem(int rank, int world_size, std::string host);

  /// Where rank_NNNN.json goes; created when first needed. Empty (the default): nowhere.
  void set_directory(std::filesystem::path directory);
  /// `section()` is called when the file is written; it must not wait for other ranks.
  void add_section(const std::string& name, std::function<nlohmann::json()> section);
  /// Writes the file, complete or absent, and returns its path; the first call wins. Never throws: a failure is logged.
  std::filesystem::path write(const std::exception& failure);

 private:
  struct Section {
    std::string name;
    std::function<nlohmann::json()> content;
  };
  static nlohmann::json content_of(const Section& section);

  int rank_;
  int world_size_;
  std::string host_;
  std::mutex mutex_;  // guards what follows
  std::filesystem::path directory_;
  std::vector<Section> sections_;
  bool written_ = false;
};

}  // namespace skein
