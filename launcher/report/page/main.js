// Puts the page together from its data.

/// A section with a part for each run that has any; of several runs one at a time, chosen by tabs.
function runSection(id, title, runs, partsOf) {
  const filled = runs.map((run, index) => ({ run, index, parts: partsOf(run) })).filter((entry) => entry.parts.length > 0);
  if (filled.length === 0) return null;
  const panels = filled.map((entry) => el("div", { class: "panel" }, entry.parts));
  if (runs.length === 1) return section(id, title, panels);
  const tabs = filled.map((entry, i) => el("button", { type: "button", role: "tab", id: id + "-tab-" + i, "aria-controls": id + "-panel-" + i }, swatch(entry.index), entry.run.run_id));
  const choose = (chosen, takesFocus) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === chosen));
      tab.tabIndex = i === chosen ? 0 : -1;
      panels[i].hidden = i !== chosen;
    });
    if (takesFocus) tabs[chosen].focus();
  };
  panels.forEach((panel, i) => fill(panel, { role: "tabpanel", id: id + "-panel-" + i, "aria-labelledby": id + "-tab-" + i }, []));
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(i, false));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) choose((i + step + tabs.length) % tabs.length, true);
    });
  });
  choose(0, false);
  return section(id, title, el("div", { class: "tabs", role: "tablist", "aria-label": title + " of" }, tabs), panels);
}

function buildPage(data) {
  const runs = data.runs;
  const sections = [
    runs.length === 1 ? runHeader(runs[0]) : comparisonHeader(runs),
    runSection("failure", "Failure", runs, failureParts),
    curvesSection(runs),
    runSection("evaluation", "Evaluation", runs, (run) => [...evaluationParts(run), ...pictureParts(run)]),
    runSection("timing", "Where the time went", runs, timingParts),
    parameterSection(runs),
    runSection("environment", "Environment", runs, factParts),
    runSection("history", "History", runs, historyParts),
    runSection("logs", "Logs", runs, logParts),
    runSection("files", "Files", runs, fileParts),
  ].filter(Boolean);
  document.getElementById("main").replaceChildren(...sections);
  document.getElementById("nav").replaceChildren(...sections.filter((part) => part.id !== "top").map((part) => el("a", { href: "#" + part.id }, part.querySelector("h2").textContent.replace("Where the time went", "Timing"))));
  document.getElementById("footer").replaceChildren("Made by skein report " + data.version + ", " + formatTime(data.made) + ".");
}

buildPage(JSON.parse(document.getElementById("data").textContent));
