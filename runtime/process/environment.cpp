#include "runtime/process/environment.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

extern char** environ;

namespace skein {
namespace {

std::optional<int> integer_variable(const std::string& name) {
  const auto text = environment_variable(name);
  if (!text) return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(text->c_str(), &end, 10);
  if (end == text->c_str() || *end != '\0') return std::nullopt;
  return static_cast<int>(value);
}

constexpr std::array kRecorded = {
    "SLURM_JOB_ID",        "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_ID",   "SLURM_JOB_NODELIST",
    "SLURM_CPUS_PER_TASK", "SLURM_GPUS_ON_NODE", "SLURM_RESTART_COUNT", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES",
    "SKEIN_LINK_PROFILE"};

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

void set_default_environment(const std::string& name, const std::string& value) {
  setenv(name.c_str(), value.c_str(), /*overwrite=*/0);
}

LaunchEnvironment launch_environment() {
  LaunchEnvironment result;
  if (environment_variable("OMPI_COMM_WORLD_SIZE")) {
    result.launcher = LaunchEnvironment::Launcher::kOpenMpi;
    result.world_size = integer_variable("OMPI_COMM_WORLD_SIZE");
    result.local_rank = integer_variable("OMPI_COMM_WORLD_LOCAL_RANK");
  } else if (environment_variable("SLURM_PROCID") && environment_variable("SLURM_STEP_NUM_TASKS")) {
    result.launcher = LaunchEnvironment::Launcher::kSlurm;
    result.world_size = integer_variable("SLURM_STEP_NUM_TASKS");
    result.local_rank = integer_variable("SLURM_LOCALID");
  }
  for (const char* name : kRecorded)
    if (auto value = environment_variable(name)) result.recorded[name] = *value;
  return result;
}

std::map<std::string, std::string> full_environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown-host";
  return name.data();
}

}  // namespace skein
