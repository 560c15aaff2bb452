#include "tests/support/run_mpi.h"

#include "runtime/process/environment.h"

namespace skein {

std::map<std::string, std::string> environment_without_launcher(const std::map<std::string, std::string>& more) {
  auto environment = full_environment();
  std::erase_if(environment, [](const auto& variable) {
    for (const char* prefix : {"OMPI_", "PMIX_", "PRTE_", "SLURM_", "SKEIN_"})
      if (variable.first.starts_with(prefix)) return true;
    return false;
  });
  for (const auto& [name, value] : more) environment[name] = value;
  return environment;
}

SubprocessOptions mpirun(const MpiJob& job) {
  SubprocessOptions options;
  options.argv = {SKEIN_MPIRUN, "-np", std::to_string(job.num_ranks), "--oversubscribe", "--bind-to", "none"};
  options.argv.insert(options.argv.end(), job.program.begin(), job.program.end());
  options.environment = environment_without_launcher(job.environment);
  options.environment->emplace("OMPI_ALLOW_RUN_AS_ROOT", "1");
  options.environment->emplace("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  return options;
}

CapturedRun run_mpi(const MpiJob& job, Deadline deadline) {
  return run_captured(mpirun(job), deadline);
}

}  // namespace skein
