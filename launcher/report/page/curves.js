// The section of curves: which metrics share a chart, and the controls over all of them.

const kFirstGroups = ["loss", "accuracy", "accuracy_top5", "step_loss", "learning_rate", "images_per_second", "gradient_wait_ms", "gradient_norm"];

/// [{title, unit, series}] of all runs; one chart for all metrics of a name and unit.
function curveGroups(runs) {
  const groups = new Map();
  runs.forEach((run, runIndex) => run.curves.forEach((curve) => {
    const { group, part } = metricGroup(curve.name);
    const key = group + "\n" + curve.unit;
    if (!groups.has(key)) groups.set(key, { title: group.replace(new RegExp("_" + curve.unit.replace(/\W/g, "") + "$"), "").replaceAll("_", " "), name: group, unit: curve.unit, parts: [], series: [] });
    const entry = groups.get(key);
    if (!entry.parts.includes(part)) entry.parts.push(part);
    entry.series.push({ runIndex, part, curve, xs: axisValues(run, curve) });
  }));
  const place = (group) => (kFirstGroups.includes(group.name) ? kFirstGroups.indexOf(group.name) : kFirstGroups.length);
  const sorted = [...groups.values()].sort((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1));
  for (const group of sorted) for (const one of group.series) styleSeries(one, group, runs);
  return sorted;
}

/// One run: a colour for each part. Several: a colour for each run, and parts by their dashes.
function styleSeries(one, group, runs) {
  const parts = [...group.parts].sort((a, b) => (a === "val") - (b === "val") || (a < b ? -1 : 1)).reverse();
  const fixed = { train: 0, val: 1 };
  one.color = runs.length > 1 ? one.runIndex : one.part in fixed ? fixed[one.part] : 2 + parts.filter((part) => !(part in fixed)).indexOf(one.part);
  one.dash = runs.length > 1 ? parts.indexOf(one.part) : 0;
  one.label = runs.length > 1 ? runs[one.runIndex].run_id + (group.parts.length > 1 ? " · " + one.part : "") : one.curve.name;
}

function axisValues(run, curve) {
  const cache = {};
  return (axis) => {
    if (!cache[axis]) cache[axis] = axis === "time" ? curve.times : axis === "epoch" ? curve.steps.map((step) => epochOf(step, run.epochs)) : curve.steps;
    return cache[axis];
  };
}

function curvesSection(runs) {
  const groups = curveGroups(runs);
  if (groups.length === 0) return null;
  const view = makeView();
  const charts = groups.map((group) => makeChart(group.title, group.unit, group.series, view));
  const grid = el("div", { class: "charts" }, charts.map((chart) => chart.element));
  drawWhenSeen(charts);
  const filter = groups.length > 12 ? el("input", { type: "search", placeholder: "Filter metrics", "aria-label": "Filter metrics", oninput: (event) => filterCharts(groups, charts, event.target.value) }) : null;
  return section("curves", "Curves", curveControls(view, runs, filter), el("p", { class: "hint" }, "Drag over a chart to zoom all of them, double-click to see all again; with the keyboard: arrows, + and −, Escape."), grid);
}

function filterCharts(groups, charts, text) {
  const wanted = text.toLowerCase();
  groups.forEach((group, i) => { charts[i].element.hidden = !group.series.some((one) => one.curve.name.toLowerCase().includes(wanted)); });
}

function curveControls(view, runs, filter) {
  const output = el("output", null, "0");
  const slider = el("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: 0, id: "smoothing", oninput: (event) => {
    output.textContent = event.target.value;
    view.set({ smoothing: Number(event.target.value) });
  } });
  const hasEpochs = runs.every((run) => run.epochs.length > 0);
  const axes = [["step", "Step"], ...(hasEpochs ? [["epoch", "Epoch"]] : []), ["time", "Time"]];
  const reset = el("button", { type: "button", disabled: true, onclick: () => view.set({ range: null }) }, "Show all");
  view.onChange(() => { reset.disabled = view.range === null; });
  return el("div", { class: "controls" }, choice("X axis", axes, "step", (axis) => view.set({ axis, range: null })), choice("Y axis", [["linear", "Linear"], ["log", "Log"]], "linear", (kind) => view.set({ isLog: kind === "log" })), el("label", { class: "slider" }, "Smoothing", slider, output), reset, filter);
}

/// Pages of hundreds of charts open at once: each is drawn when it comes near, all before printing.
function drawWhenSeen(charts) {
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      observer.unobserve(entry.target);
      charts.find((chart) => chart.element === entry.target).draw();
    }
  }, { rootMargin: "600px" });
  for (const chart of charts) observer.observe(chart.element);
  window.addEventListener("beforeprint", () => charts.forEach((chart) => chart.draw()));
}
