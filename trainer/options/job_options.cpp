// How it is computed, what is kept and what is shown.

#include "trainer/options/option_groups.h"

namespace skein {

void add_speed_options(OptionTable& table, TrainOptions& options) {
  table.group("Speed");
  table.add("--amp", options.amp, "mixed precision: --amp bf16 computes in bfloat16 where that is safe")
      .choices({"off", "bf16"});
  table.add("--channels-last", options.channels_last, "keep the channels of a pixel together in memory");
  table
      .add("--optimizer-state", options.optimizer_state,
           "host: parameters and state once per host, updated by its ranks together; sharded: state divided among all "
           "ranks (ZeRO-1); replicated: all on every rank")
      .choices({"host", "sharded", "replicated"});
  table
      .add("--compression", options.compression,
           "of gradients on their way between hosts: fp16 and bf16 halve them, powersgd and topk send a small part and what is "
           "missing later")
      .choices({"none", "fp16", "bf16", "powersgd", "topk"});
  table.add("--powersgd-rank", options.powersgd_rank, "of the approximation: higher is closer and larger").at_least(1);
  table.add("--topk-ratio", options.topk_ratio, "share of the gradients' elements that is sent").range(1e-6, 1);
  table.add("--compression-start", options.compression_start, "steps with whole gradients before powersgd or topk begins")
      .unit("STEPS")
      .at_least(0);
  table
      .add("--threads", options.threads,
           "threads per rank for one operation; else OMP_NUM_THREADS, else chosen from the cores")
      .range(1, 1024)
      .not_compared();
}

void add_result_options(OptionTable& table, TrainOptions& options) {
  table.group(kResultOptions);
  table
      .add("--output-dir,--output_dir", options.output_dir,
           "folder for model and checkpoints, copied into the run at the end; else the run's own outputs/")
      .unit("DIR");
  table.add("--runs-dir", options.runs_dir, "where runs are kept").unit("DIR");
  table.add("--experiment", options.experiment, "name under which runs are grouped").unit("NAME");
  table.add("--run-id", options.run_id, "name of this run; else one is made up").unit("NAME");
  table
      .add("--checkpoint-seconds", options.checkpoint_seconds,
           "time from one checkpoint to the next, written while training goes on; the last epoch always has one")
      .unit("SECONDS")
      .at_least(0);
  table.add("--keep-checkpoints", options.keep_checkpoints, "newest checkpoints that stay").at_least(1);
  table.add("--keep-best", options.keep_best, "checkpoints with the best validation accuracy that stay besides").at_least(0);
  table.add("--resume", options.resume,
            "auto: continue the run --run-id, or else the newest of the experiment that has a checkpoint and is not "
            "completed; start afresh where there is none. Or a checkpoint, or a folder of them, for a new run")
      .unit("auto|PATH");
  table.add("--max-time", options.max_time,
            "save and stop in time before so much has passed; 0: no limit. Under Slurm the job's end counts too")
      .unit("SECONDS")
      .at_least(0);
  table.add("--on-signal", options.on_signal,
            "after SIGUSR2, Ctrl-C or a time limit, when the checkpoint is written: stop, or requeue the Slurm job")
      .choices({"stop", "requeue"});
  table.add("--max-requeues", options.max_requeues, "requeue a job so often at most").at_least(0);
  table.add("--check-parameters", options.check_parameters,
            "at each epoch's end, make sure that all ranks hold bit-identical models");
  table.add("--tensorboard", options.tensorboard, "write curves, pictures and parameters for TensorBoard into the run's directory");
  table.add("--timeline", options.timeline, "write what all ranks sent and waited for, as ui.perfetto.dev shows it")
      .unit("FILE");
}

void add_message_options(OptionTable& table, TrainOptions& options) {
  table.group(kMessageOptions);
  table.add("--progress", options.progress, "auto: a bar on a terminal, plain lines elsewhere")
      .choices({"auto", "bar", "plain", "none"})
      .not_compared();
  table.add("--print-freq", options.print_freq, "steps from one plain line to the next")
      .unit("STEPS")
      .at_least(1)
      .not_compared();
  table.add("--log-level", options.log_level, "least severe level in the run's logs/")
      .choices({"debug", "info", "warning", "error"})
      .not_compared();
}

}  // namespace skein
