// Where the ranks' time went.

const kPhases = {
  input: ["Input", "waits for the loader"],
  compute: ["Forward, backward", "the network and its gradients"],
  gradient_wait: ["Gradient wait", "backward is done and waits for gradients of other ranks"],
  agreement: ["Agreement", "sums of loss and hits over all ranks, and waiting for them"],
  optimizer: ["Optimizer", "the update; shared by the ranks of a host"],
  evaluation: ["Evaluation", "of the validation images"],
  checkpoint: ["Checkpoint", "the part of saving for which training stops"],
  other: ["Other", "logging, checks, starting an epoch"],
};
const kStragglerShare = 0.1;

function phaseName(phase) {
  return phase in kPhases ? kPhases[phase][0] : phase.replaceAll("_", " ");
}

function phaseClass(phase) {
  return "phase-" + (phase in kPhases ? phase.replace("_", "-") : "other");
}

/// Seconds of input and compute, which a rank does by itself: by these it keeps the others waiting.
function ownSeconds(timing, seconds) {
  return timing.phases.reduce((sum, phase, i) => sum + (phase === "input" || phase === "compute" ? seconds[i] : 0), 0);
}

/// {rank, excess} of the rank with the most own work, if it stands out.
function findStraggler(timing) {
  const own = timing.ranks.map((seconds) => ownSeconds(timing, seconds));
  const place = own.indexOf(Math.max(...own));
  const excess = timing.own_median > 0 ? own[place] / timing.own_median - 1 : 0;
  return { rank: timing.shown[place], excess, isStraggler: timing.num_ranks > 1 && excess > kStragglerShare };
}

function timingParts(run) {
  const timing = run.timing;
  if (!timing) return [];
  const straggler = findStraggler(timing);
  return [timingVerdict(timing, straggler), phaseLegend(timing), el("h3", null, timing.shown.length < timing.num_ranks ? "By rank: those with the most and the least work of " + timing.num_ranks : "By rank"), rankBars(timing, straggler),
    timing.epochs.length > 1 ? el("h3", null, "By epoch, mean of all ranks") : null, timing.epochs.length > 1 ? epochBars(timing) : null, timingTable(timing)];
}

function timingVerdict(timing, straggler) {
  const waits = timing.ranks.map((seconds) => timing.phases.reduce((sum, phase, i) => sum + (phase === "gradient_wait" || phase === "agreement" ? seconds[i] : 0), 0) / seconds.reduce((a, b) => a + b, 0));
  const waiting = timing.num_ranks > 1 ? "Ranks wait " + formatShare(mean(waits)) + " of their time for others in training. " : "";
  if (straggler.isStraggler)
    return el("p", { class: "verdict warn" }, waiting, el("b", null, "Rank " + straggler.rank + " is a straggler: "), "it needs " + formatShare(straggler.excess, 0) + " more time for input, forward and backward than the median rank.");
  return el("p", { class: "verdict" }, waiting, timing.num_ranks > 1 ? "No rank stands out: the slowest needs " + formatShare(Math.max(0, straggler.excess)) + " more than the median for its own work." : "");
}

function phaseLegend(timing) {
  const totals = timing.phases.map((_, i) => timing.ranks.reduce((sum, seconds) => sum + seconds[i], 0));
  const all = totals.reduce((a, b) => a + b, 0);
  return el("ul", { class: "phases" }, timing.phases.map((phase, i) => el("li", { title: phase in kPhases ? kPhases[phase][1] : null }, el("span", { class: "swatch " + phaseClass(phase), "aria-hidden": "true" }), phaseName(phase) + " ", el("b", null, formatShare(all > 0 ? totals[i] / all : 0)))));
}

function stackedBar(phases, seconds, longest) {
  const bar = el("div", { class: "stack", role: "img", "aria-label": phases.map((phase, i) => phaseName(phase) + " " + formatDuration(seconds[i])).join(", ") });
  phases.forEach((phase, i) => {
    const part = el("span", { class: phaseClass(phase), title: phaseName(phase) + ": " + formatDuration(seconds[i]) });
    part.style.width = (longest > 0 ? 100 * seconds[i] / longest : 0) + "%";
    bar.append(part);
  });
  return bar;
}

function rankBars(timing, straggler) {
  const totals = timing.ranks.map((seconds) => seconds.reduce((a, b) => a + b, 0));
  const longest = Math.max(...totals);
  return el("div", { class: "bars" }, timing.ranks.map((seconds, i) => {
    const isStraggler = straggler.isStraggler && straggler.rank === timing.shown[i];
    return el("div", { class: "bar-row" + (isStraggler ? " straggler" : "") }, el("span", { class: "bar-name" }, "rank " + timing.shown[i], isStraggler ? el("span", { class: "mark" }, "straggler") : null), stackedBar(timing.phases, seconds, longest), el("span", { class: "bar-value" }, formatDuration(totals[i])));
  }));
}

function epochBars(timing) {
  const totals = timing.epochs.map((epoch) => epoch.mean.reduce((a, b) => a + b, 0));
  const longest = Math.max(...totals);
  const columns = timing.epochs.map((epoch, number) => {
    const column = el("div", { class: "column", title: "Epoch " + (epoch.epoch + 1) + ": " + formatDuration(totals[number]) + ", " + formatCount(epoch.num_steps) + " steps" + (timing.num_ranks > 1 ? "; most work: rank " + epoch.slowest : "") });
    epoch.mean.forEach((seconds, i) => {
      const part = el("span", { class: phaseClass(timing.phases[i]) });
      part.style.height = (longest > 0 ? 100 * seconds / longest : 0) + "%";
      column.prepend(part);
    });
    return column;
  });
  return el("div", { class: "epoch-bars" }, el("div", { class: "column-scale", "aria-hidden": "true" }, el("span", null, formatDuration(longest)), el("span", null, "0")), el("div", { class: "epoch-plot" }, el("div", { class: "column-area", role: "img", "aria-label": "Seconds by epoch and phase; the table below has the numbers" }, columns),
    el("div", { class: "column-names", "aria-hidden": "true" }, timing.epochs.map((epoch, i) => el("span", null, i === 0 ? "epoch " + (epoch.epoch + 1) : i % Math.ceil(timing.epochs.length / 24) === 0 ? String(epoch.epoch + 1) : "")))));
}

function timingTable(timing) {
  const rows = timing.ranks.map((seconds, i) => ({ rank: timing.shown[i], seconds }));
  return el("details", null, el("summary", null, "The same as a table"), sortableTable("Seconds of each rank by phase", [
    { label: "Rank", value: (row) => row.rank, numeric: true },
    ...timing.phases.map((phase, i) => ({ label: phaseName(phase), value: (row) => row.seconds[i], cell: (row) => formatDuration(row.seconds[i]), numeric: true })),
  ], rows, { index: 0, descends: false }));
}
