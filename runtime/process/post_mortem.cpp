#include "runtime/process/post_mortem.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/log.h"
#include "runtime/process/rank_file.h"
#include "runtime/process/text.h"
#include "runtime/process/utc_time.h"

namespace skein {
namespace {

void write_complete(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path temporary = concat(path.string(), ".", getpid(), ".tmp");
  std::ofstream out(temporary, std::ios::binary);
  out << text;
  out.close();
  std::error_code problem;
  if (out) std::filesystem::rename(temporary, path, problem);
  if (out && !problem) return;
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  throw StorageError(concat("cannot write ", path.string(), problem ? ": " + problem.message() : ""));
}

}  // namespace

/// A section that fails must not take the rest with it.
nlohmann::json PostMortem::content_of(const Section& section) {
  try {
    return section.content();
  } catch (const std::exception& problem) {
    return concat("not available: ", problem.what());
  }
}

PostMortem::PostMortem(int rank, int world_size, std::string host)
    : rank_(rank), world_size_(world_size), host_(std::move(host)) {}

void PostMortem::set_directory(std::filesystem::path directory) {
  std::lock_guard lock(mutex_);
  directory_ = std::move(directory);
}

void PostMortem::add_section(const std::string& name, std::function<nlohmann::json()> section) {
  std::lock_guard lock(mutex_);
  sections_.push_back({name, std::move(section)});
}

std::filesystem::path PostMortem::write(const std::exception& failure) {
  std::lock_guard lock(mutex_);
  if (directory_.empty()) return {};
  const std::filesystem::path path = directory_ / rank_file_name(rank_, ".json");
  if (written_) return path;
  try {
    const auto* error = dynamic_cast<const Error*>(&failure);
    nlohmann::json report{{"rank", rank_},
                          {"world_size", world_size_},
                          {"host", host_},
                          {"pid", getpid()},
                          {"time", unix_seconds()},
                          {"error",
                           {{"kind", error ? error->kind() : "exception"},
                            {"exit_code", error ? error->exit_code() : 1},
                            {"message", failure.what()}}}};
    for (const Section& section : sections_) report[section.name] = content_of(section);
    std::filesystem::create_directories(directory_);
    write_complete(path, report.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    written_ = true;
  } catch (const std::exception& problem) {
    log_error(concat("cannot write the post-mortem ", path.string(), ": ", problem.what()));
    return {};
  }
  return path;
}

}  // namespace skein
