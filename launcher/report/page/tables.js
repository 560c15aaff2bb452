// Parameters, environment, failure, history, logs and files.

function parameterSection(runs) {
  const rows = parameterRows(runs);
  if (rows.length === 0) return null;
  const knows = runs.some((run) => run.parameters.some((parameter) => "changed" in parameter));
  const body = el("tbody");
  const hidden = { text: "", onlyNotable: false };
  const show = () => body.replaceChildren(...rows.filter((row) => (!hidden.onlyNotable || row.differs || row.changed) && (row.key + " " + row.values.join(" ")).toLowerCase().includes(hidden.text)).map((row) => parameterRow(row, runs, knows)));
  show();
  const search = el("input", { type: "search", placeholder: "Search", "aria-label": "Search parameters", oninput: (event) => { hidden.text = event.target.value.toLowerCase(); show(); } });
  const notable = el("label", { class: "check" }, el("input", { type: "checkbox", onchange: (event) => { hidden.onlyNotable = event.target.checked; show(); } }), runs.length > 1 ? "Only what differs or is not as by default" : "Only what is not as by default");
  const head = el("tr", null, el("th", { scope: "col" }, "Parameter"), runs.map((run, i) => el("th", { scope: "col" }, runs.length > 1 ? [swatch(i), run.run_id] : "Value")), knows ? el("th", { scope: "col" }, "Default") : null, knows && runs.length === 1 ? el("th", { scope: "col" }, "From") : null);
  return section("parameters", "Parameters", el("div", { class: "controls" }, search, knows || runs.length > 1 ? notable : null), el("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Parameters" }, el("table", { class: "parameters" }, el("caption", { class: "unseen" }, "Parameters"), el("thead", null, head), body)));
}

function parameterText(value) {
  return value === null ? "–" : value === "" || value === "''" || value === "\"\"" ? "(empty)" : value;
}

function parameterRow(row, runs, knows) {
  const marks = (runs.length > 1 && row.differs ? "differs" : "") + (row.changed ? " changed" : "");
  return el("tr", { class: marks }, el("th", { scope: "row" }, row.key), row.values.map((value) => el("td", null, parameterText(value))), knows ? el("td", { class: "aside" }, row.default === undefined ? "" : parameterText(row.default)) : null, knows && runs.length === 1 ? el("td", { class: "aside" }, row.origins[0]) : null);
}

function factParts(run) {
  const groups = new Map();
  for (const [group, name, value] of run.facts) groups.set(group, [...(groups.get(group) || []), [name, value]]);
  const titles = { versions: "Versions", topology: "Topology", host: "Host of rank 0", seeds: "Seeds", tags: "Tags" };
  const cards = [...groups].map(([group, facts]) => el("div", { class: "card" }, el("h3", null, titles[group] || group), el("dl", null, facts.flatMap(([name, value]) => [el("dt", null, name.replaceAll("_", " ")), el("dd", null, value)]))));
  const notes = run.notes.length > 0 ? el("div", { class: "card" }, el("h3", null, "Notes"), run.notes.map((note) => el("p", null, String(note.text), el("span", { class: "aside" }, " " + formatTime(note.time))))) : null;
  return cards.length > 0 || notes ? [el("div", { class: "cards" }, cards, notes)] : [];
}

function failureParts(run) {
  const report = run.post_mortem;
  if (!report) return [];
  const first = report.first_error;
  const ranks = el("table", null, el("caption", { class: "unseen" }, "Ranks at the failure"), el("thead", null, el("tr", null, ["Rank", "Error", "In call"].map((title) => el("th", { scope: "col" }, title)))), el("tbody", null, report.ranks.map((rank) =>
    el("tr", { class: report.culprits.includes(rank.rank) ? "culprit" : null }, el("th", { scope: "row" }, String(rank.rank)), el("td", null, rank.error_kind ? rank.error_kind + ": " + String(rank.error).split("\n")[0] : "left no post-mortem"), el("td", null, rank.call ? rank.call + (rank.waited_s > 0.001 ? ", waited " + formatDuration(rank.waited_s) : "") : "–")))));
  return [el("p", { class: "verdict bad" }, el("b", null, report.verdict)), first ? el("pre", { class: "wrap" }, "rank " + first.rank + " (" + first.host + "): " + first.kind + ": " + first.message) : null, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Ranks at the failure" }, ranks)];
}

function historyParts(run) {
  const known = run.history.filter((entry) => isNumber(entry.t));
  if (known.length === 0) return [];
  const parts = known.map((entry, i) => ({ entry, seconds: i + 1 < known.length ? known[i + 1].t - entry.t : 0 }));
  const total = parts.reduce((sum, part) => sum + part.seconds, 0);
  const bar = el("div", { class: "stack history", role: "img", "aria-label": "Time in each state; the list below has the numbers" });
  for (const part of parts) {
    if (part.seconds <= 0) continue;
    const span = el("span", { class: "state-" + stateClass(part.entry.state), title: part.entry.state + ": " + formatDuration(part.seconds) });
    span.style.width = 100 * part.seconds / total + "%";
    bar.append(span);
  }
  const list = el("ol", { class: "states" }, parts.map((part) => el("li", null, el("span", { class: "swatch state-" + stateClass(part.entry.state), "aria-hidden": "true" }), el("b", null, part.entry.state), el("span", { class: "aside" }, formatTime(part.entry.time) + (part.seconds > 0 ? ", " + formatDuration(part.seconds) : "")), part.entry.reason ? el("span", { class: "reason" }, part.entry.reason) : null)));
  return [total > 0 ? bar : null, list];
}

function logParts(run) {
  return run.logs.map((log) => el("details", null, el("summary", null, log.name, log.is_cut ? el("span", { class: "aside" }, " its last lines") : null),
    el("pre", { class: "log", tabindex: "0", role: "region", "aria-label": log.name }, log.text.trim() === "" ? "(empty)" : log.text.replace(/\n$/, "").split("\n").map((line) => el("span", { class: logLevel(line) }, line + "\n")))));
}

function logLevel(line) {
  const level = line.slice(0, 48).match(/\b(error|critical|warning|debug)\b/);
  return level ? "log-" + level[1].replace("critical", "error") : null;
}

function fileParts(run) {
  if (run.files.length === 0) return [];
  const total = run.files.reduce((sum, file) => sum + file[1], 0);
  return [el("p", null, formatCount(run.files.length) + " files of " + formatBytes(total) + " in " , el("code", null, run.path)), sortableTable("Files", [
    { label: "File", value: (file) => file[0] },
    { label: "Size", value: (file) => file[1], cell: (file) => formatBytes(file[1]), numeric: true },
  ], run.files)];
}
