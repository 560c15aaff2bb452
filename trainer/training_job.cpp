#include "trainer/training_job.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "collectives/make_communicator.h"
#include "collectives/objects.h"
#include "runtime/process/deadline.h"
#include "runtime/process/environment.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/run.h"
#include "runtime/run/space_check.h"
#include "trainer/agree.h"
#include "trainer/export_models.h"
#include "trainer/learner.h"
#include "trainer/learner_options.h"
#include "trainer/picture_log.h"
#include "trainer/resume.h"
#include "trainer/stop_request.h"
#include "trainer/parallel/thread_budget.h"
#include "trainer/planned_options.h"
#include "trainer/run_facts.h"
#include "trainer/run_journal.h"
#include "trainer/slurm_job.h"
#include "trainer/stop_signals.h"
#include "trainer/trainer.h"
#include "trainer/training_data.h"

namespace skein {
namespace {

constexpr std::uint64_t kSmallFilesBytes = 16 << 20;  // metrics, logs, curve

/// Ranks of the same machine share its cores even where they cannot share memory, so its name decides.
CoreShare find_core_share(World& world, Communicator& communicator) {
  const std::vector<std::string> all = allgather_objects(communicator, nlohmann::json(allowed_cores()).dump());
  const auto& members = world.topology().members;
  std::vector<std::vector<int>> cores_of_machine;
  int position = 0;
  for (int rank = 0; rank < world.world_size(); ++rank) {
    if (members[rank].host_name != members[world.rank()].host_name) continue;
    if (rank == world.rank()) position = static_cast<int>(cores_of_machine.size());
    cores_of_machine.push_back(nlohmann::json::parse(all[rank]).get<std::vector<int>>());
  }
  return share_cores(cores_of_machine, position, num_host_cores());
}

int ranks_on_this_host(const World& world) {
  const Topology& topology = world.topology();
  return static_cast<int>(topology.ranks_of_host(topology.members[static_cast<std::size_t>(world.rank())].host).size());
}

/// What every rank has once nothing stands in the way of training.
struct Preparations {
  TrainingData data;
  CoreShare cores;
  ThreadBudget budget;
  std::unique_ptr<Learner> learner;
  ResumePlan resume;          ///< on rank 0
  TrainingPosition position;  ///< on all ranks
};

/// Writes nothing. Throws RefusedStart.
Preparations prepare(World& world, Communicator& communicator, const TrainingRequest& request) {
  const TrainOptions& options = request.options;
  Preparations made;
  made.cores = find_core_share(world, communicator);
  check_on_all_ranks(communicator, [&] {
    const ThreadWish wish{options.workers, options.threads ? options.threads : omp_num_threads()};
    made.budget = plan_threads(made.cores, wish);
    made.data = open_training_data(options, world.world_size(), ranks_on_this_host(world));
  });
  check_same_data(communicator, made.data.fingerprint(), made.data.summary());
  check_on_all_ranks(communicator, [&] {
    LearnerOptions learner = learner_options(options, world.world_size());
    learner.num_classes = static_cast<std::int64_t>(made.data.num_classes());
    learner.num_threads = made.budget.intra_op_threads;
    learner.settings = training_settings(request.table).dump();
    made.learner = std::make_unique<Learner>(learner);
  });
  check_on_all_ranks(communicator, [&] {
    if (options.on_signal == "requeue" && !environment_variable("SLURM_JOB_ID"))
      throw UsageError("--on-signal requeue needs a Slurm job, but SLURM_JOB_ID is not set", "use --on-signal stop");
    if (world.rank() != 0) return;
    made.resume = plan_resume(options);
    if (!made.resume.checkpoint.empty())
      made.position = made.learner->open_checkpoint(made.resume.checkpoint, std::exchange(made.resume.contents, nullptr),
                                                    made.data.fingerprint());
    const auto num_images = static_cast<std::int64_t>(made.data.training->num_images());
    if (made.position.images_done > num_images)
      throw DataError(concat(made.resume.checkpoint.string(), " stands at image ", made.position.images_done, " of ", num_images));
    check_anything_left(options, made.resume, made.position);
  });
  made.position = position_of(nlohmann::json::parse(broadcast_object(communicator, to_json(made.position).dump(), 0)));
  return made;
}

std::uint64_t bytes_below(const std::filesystem::path& folder) {
  std::uint64_t num_bytes = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, gone)) {
    const std::uint64_t file_bytes = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) num_bytes += file_bytes;
  }
  return num_bytes;
}

RunOptions run_options(const TrainOptions& options, const Preparations& made) {
  const Learner& learner = *made.learner;
  RunOptions run;
  run.runs_dir = options.runs_dir;
  run.experiment = options.experiment;
  run.run_id = options.run_id;
  run.output_dir = options.output_dir.value_or("");
  run.tensorboard = options.tensorboard;
  if (!made.resume.run_id.empty()) {
    run.run_id = made.resume.run_id;
    run.continue_at_step = made.position.num_steps_done;
  }
  // Last, best and averaged model, and checkpoints of at most four times the size, one of them written before another goes.
  const int num_models = options.export_format == "none" ? 3 : 6;
  run.needed_bytes = (num_models + 4 * (options.keep_checkpoints + options.keep_best + 1)) * learner.model_bytes() + kSmallFilesBytes;
  const bool goes_on_in_place = !made.resume.run_id.empty() && !made.resume.checkpoint.empty() && !options.output_dir;
  if (goes_on_in_place)  // its checkpoints make room for the new ones
    run.needed_bytes -= std::min(run.needed_bytes, bytes_below(made.resume.checkpoint.parent_path()));
  return run;
}

/// Where the run lies; `outputs` is known to rank 0 alone.
struct RunPlace {
  std::filesystem::path directory;
  std::filesystem::path outputs;
};

RunPlace create_run(World& world, Communicator& communicator, const TrainingRequest& request, const Preparations& made,
                    RunJournal& journal) {
  RunPlace place;
  check_on_all_ranks(communicator, [&] {
    if (world.rank() != 0) return;
    auto run =
        std::make_unique<Run>(run_options(request.options, made), run_facts(world, request, made.budget));
    place = {run->directory(), run->outputs()};
    journal.adopt(std::move(run));
  });
  place.directory = allgather_objects(communicator, place.directory.string())[0];
  return place;
}

/// From here on this rank's log and post-mortem are part of the run.
void move_into_run(World& world, const std::filesystem::path& directory, const TrainOptions& options,
                   RunJournal& journal) {
  LogOptions log;
  log.rank = world.rank();
  log.world_size = world.world_size();
  if (world.topology().num_hosts() > 1) log.host = world.topology().members[world.rank()].host_name;
  log.file = rank_log_file(directory, world.rank());
  log.file_level = parse_log_level(options.log_level);
  make_directories(log.file.parent_path());
  configure_log(log);
  world.post_mortem().set_directory(directory / "post-mortem");
  journal.set_post_mortems(directory / "post-mortem");
}

void warn_of_other_formats(const ImageSource& source) {
  if (source.num_other_images() > 0)
    log_warning(concat(source.num_other_images(), " files in ", source.place(),
                       " are images of a format that is not read (only JPEG and PNG are); they are left out"));
}

/// Into the log, and in front of the user.
void announce(const World& world, const TrainingRequest& request, const Preparations& made, Progress& progress) {
  std::vector<std::string> lines = {
      concat(request.options.model, " on ", made.data.summary(), "; ", describe_ranks(world, made.budget))};
  if (const std::string cache = made.data.cache_plan(); !cache.empty()) lines.push_back(cache);
  lines.insert(lines.end(), made.learner->notes().begin(), made.learner->notes().end());
  if (world.rank() == 0 && !made.resume.checkpoint.empty())
    lines.push_back(concat("goes on from ", made.resume.checkpoint.string(), ", epoch ", made.position.epoch + 1, ", step ",
                           made.position.num_steps_done));
  if (world.rank() == 0)
    for (const std::string& refused : made.resume.warnings) log_warning("not taken: " + refused);
  for (const std::string& line : lines) {
    log_info(line);
    progress.message(line);
  }
  const std::string warning = binding_warning(made.cores, made.budget);
  if (!warning.empty() && world.local_rank() == 0) log_warning(warning);
  if (world.rank() != 0) return;
  for (std::size_t i = 0; i < made.data.num_classes(); ++i)
    log_debug(
        concat(made.data.training->classes()[i], ": ", made.data.training->images_by_class()[i], " training images"));
  warn_of_other_formats(*made.data.training);
  warn_of_other_formats(*made.data.validation);
}

/// `early_end`: why before the last epoch; else empty.
void complete(const std::string& early_end, const RunPlace& place, RunJournal& journal, Progress& progress) {
  journal.complete(early_end);
  if (!early_end.empty()) progress.message(early_end);
  log_info(concat("completed", early_end.empty() ? "" : "; ", early_end));
  progress.message("completed; the results are in " + place.outputs.string());
}

/// After a checkpoint has been written because somebody wanted that. Collective.
int leave_preempted(Communicator& communicator, const TrainOptions& options, const std::string& reason,
                    RunJournal& journal, Progress& progress) {
  journal.preempt(reason);
  log_info("preempted: " + reason);
  progress.message(concat("preempted: ", reason, "; go on with --resume auto"));
  if (communicator.rank() == 0 && options.on_signal == "requeue") requeue_job(options.max_requeues);
  communicator.barrier("all have saved");
  return kPreemptedExitCode;
}

}  // namespace

int run_training_job(World& world, const TrainingRequest& asked, SignalWatch& signals) {
  const auto journal = std::make_shared<RunJournal>();
  const auto stop = std::make_shared<StopRequest>();
  watch_signals(world, signals, journal, stop);
  CommunicatorOptions communication;
  if (asked.options.timeline) communication.timeline = *asked.options.timeline;
  const auto communicator = make_communicator(world, communication);
  const PlannedOptions planned = plan_options(*communicator, asked);
  const TrainingRequest request{planned.options, asked.table, asked.command, asked.out, asked.progress};
  const Preparations made = prepare(world, *communicator, request);
  const RunPlace place = create_run(world, *communicator, request, made, *journal);
  move_into_run(world, place.directory, request.options, *journal);

  journal->enter(RunState::kPreparing);
  const bool is_main = world.rank() == 0;
  Progress progress(request.out, is_main ? request.progress : ProgressStyle::kNone, request.options.print_freq);
  progress.message("run " + place.directory.string());
  if (is_main) {
    write_classes(place.outputs, made.data.training->classes());
    made.learner->set_outputs(place.outputs, request.options.keep_checkpoints, request.options.keep_best);
  }
  made.learner->connect(*communicator);
  announce(world, request, made, progress);
  if (is_main) announce_plan(asked, planned, made.data.training->num_images(), world.world_size(), progress);
  Trainer trainer({request.options, made.data, *made.learner, *communicator, *journal, progress, *stop, place.outputs},
                  made.budget.workers, made.position);

  journal->enter(RunState::kRunning);
  if (request.options.test_only) {
    trainer.test();
  } else if (const std::optional<std::string> reason = trainer.train()) {
    return leave_preempted(*communicator, request.options, *reason, *journal, progress);
  }
  journal->enter(RunState::kFinalizing);
  if (is_main) export_models(request.options, made.data.training->classes(), place.outputs, *journal, progress);
  log_evaluation_pictures(*journal, place.outputs, trainer.num_steps_done());
  complete(trainer.early_end(), place, *journal, progress);
  return 0;
}

}  // namespace skein
