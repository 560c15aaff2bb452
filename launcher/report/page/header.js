// The head of the page: what ran, how it ended, what it reached.

function stateClass(state) {
  const classes = { Completed: "good", Failed: "bad", Canceled: "warn", Preempted: "warn", NotResponding: "bad", Unknown: "bad", Running: "live", Finalizing: "late", Preparing: "early", Starting: "early", NotStarted: "early" };
  return classes[state] || "early";
}

function statePill(run) {
  const signs = { good: "✓", bad: "✕", warn: "!", live: "●", late: "●", early: "○" };
  const kind = stateClass(run.state);
  return el("span", { class: "pill state-" + kind }, el("span", { "aria-hidden": "true" }, signs[kind]), " " + run.state);
}

/// The metrics to show first: validation, then training.
function headlines(runs) {
  const wanted = ["val/accuracy", "val/accuracy_top5", "val_ema/accuracy", "val/loss", "train/accuracy", "train/loss", "train/images_per_second"];
  const names = [...new Set(runs.flatMap((run) => run.curves.map((curve) => curve.name)))];
  const known = wanted.filter((name) => names.includes(name));
  const goals = names.filter((name) => !known.includes(name) && runs.some((run) => run.curves.some((curve) => curve.name === name && curve.goal)));
  return [...known, ...goals].slice(0, known.length > 3 ? known.length : 6);
}

/// {value, step, isBest} by the metric's goal; the last value where there is none.
function bestOf(curve) {
  if (!curve || !isNumber(curve.last)) return null;
  if (curve.name === "train/images_per_second" || !curve.goal) return { value: curve.last, isBest: false };
  return curve.goal === "maximize" ? { value: curve.max, step: curve.max_step, isBest: true } : { value: curve.min, step: curve.min_step, isBest: true };
}

function withUnit(value, unit) {
  return formatNumber(value, 4) + (unit ? "\u202f" + unit : "");
}

function runHeader(run) {
  const tiles = headlines([run]).slice(0, 5).map((name) => {
    const curve = run.curves.find((one) => one.name === name);
    const best = bestOf(curve);
    if (!best) return null;
    const epoch = best.isBest ? epochOf(best.step, run.epochs) : null;
    const note = best.isBest ? (curve.count > 1 ? "best" + (epoch !== null ? ", epoch " + formatNumber(epoch, 3) : "") + "; last " + formatNumber(curve.last, 4) : "") : "last";
    return tile(name, withUnit(best.value, curve.unit), note);
  });
  return el("section", { class: "head", id: "top", "aria-labelledby": "run-title" }, el("div", { class: "overline" }, run.experiment), el("div", { class: "title-row" }, el("h1", { id: "run-title" }, run.run_id), statePill(run)),
    run.reason ? el("p", { class: "reason " + stateClass(run.state) }, run.reason + (run.inferred ? " (concluded, not recorded)" : "")) : null,
    el("div", { class: "tiles" }, tiles, tile("Duration", formatDuration(run.duration_s), run.ended ? "ended " + formatTime(run.ended) : "begun " + formatTime(run.created)), run.world_size ? tile("Ranks", formatCount(run.world_size), run.host ? "on " + run.host + (hostsOf(run) > 1 ? " and " + (hostsOf(run) - 1) + " more" : "") : "") : null, run.attempts > 1 ? tile("Attempts", formatCount(run.attempts), "went on from a checkpoint") : null),
    commandBox(run), problemList(run));
}

function hostsOf(run) {
  return run.facts.filter(([group, name]) => group === "topology" && name.startsWith("hosts")).length;
}

function tile(name, value, note) {
  return el("div", { class: "tile" }, el("div", { class: "tile-name" }, name), el("div", { class: "tile-value" }, value), note ? el("div", { class: "tile-note" }, note) : null);
}

function commandBox(run) {
  return run.command ? el("div", { class: "command" }, el("code", { tabindex: "0", role: "region", "aria-label": "Command" }, run.command), copyButton(run.command)) : null;
}

function problemList(run) {
  if (run.problems.length === 0) return null;
  return el("details", { class: "problems", open: run.problems.length < 4 }, el("summary", null, run.problems.length === 1 ? "One thing is missing here" : run.problems.length + " things are missing here"), el("ul", null, run.problems.map((problem) => el("li", null, problem))));
}

/// Several runs side by side.
function comparisonHeader(runs) {
  const names = headlines(runs);
  const rows = [["State", (run) => statePill(run)], ["Duration", (run) => formatDuration(run.duration_s)], ["Ranks", (run) => (run.world_size ? formatCount(run.world_size) : "–")]].map(([title, cell]) => el("tr", null, el("th", { scope: "row" }, title), runs.map((run) => el("td", null, cell(run)))));
  const metrics = names.map((name) => {
    const curves = runs.map((run) => run.curves.find((curve) => curve.name === name));
    const best = curves.map(bestOf);
    const goal = curves.find(Boolean).goal;
    const values = best.filter(Boolean).map((one) => one.value);
    const top = !goal || values.length < 2 ? null : goal === "maximize" ? Math.max(...values) : Math.min(...values);
    return el("tr", null, el("th", { scope: "row" }, name + (best.some((one) => one && one.isBest) ? ", best" : ", last")), best.map((one, i) => el("td", { class: one && one.value === top ? "top" : null }, one ? withUnit(one.value, curves[i].unit) : "–")));
  });
  return el("section", { class: "head", id: "top", "aria-labelledby": "run-title" }, el("div", { class: "overline" }, [...new Set(runs.map((run) => run.experiment))].join(", ")), el("h1", { id: "run-title" }, runs.length + " runs"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Comparison" }, el("table", { class: "comparison" }, el("caption", { class: "unseen" }, "The runs side by side"), el("thead", null, el("tr", null, el("td", null), runs.map((run, i) => el("th", { scope: "col" }, swatch(i), run.run_id)))), el("tbody", null, rows, metrics))),
    runs.filter((run) => run.reason).map((run) => el("p", { class: "reason " + stateClass(run.state) }, run.run_id + ": " + run.reason)), el("details", null, el("summary", null, "Commands"), runs.map((run, i) => el("div", null, el("p", { class: "run-name" }, swatch(i), run.run_id), commandBox(run)))), runs.map(problemList));
}
