// Works the page as a person would, and writes what came of it to the console. browser_test.py puts it behind the page's script.
(async () => {
  const failures = [];
  const check = (what, holds) => { if (!holds) failures.push(what); };
  const frame = () => new Promise((resolve) => setTimeout(resolve, 60));
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  const isMany = JSON.parse(document.getElementById("data").textContent).runs.length > 1;
  for (let i = 0; i < 100 && document.querySelector(".chart path.line") === null; ++i) await frame();  // drawn when seen

  const chart = all(".chart").find((one) => one.querySelector("h3").textContent === "loss");
  const plot = chart.querySelector(".plot");
  const path = () => all("path.line:not(.faint)", plot).map((line) => line.getAttribute("d")).join();
  check("the chart is drawn", path().length > 20);
  const before = path();
  const box = plot.getBoundingClientRect();
  const pointer = (kind, x, y) => plot.dispatchEvent(new PointerEvent(kind, { clientX: box.left + x * box.width, clientY: box.top + 100, button: 0, pointerId: 1, bubbles: true, pointerType: "mouse" }));
  pointer("pointermove", 0.5);
  check("a read-out shows values", !chart.querySelector(".readout").hidden && /step \d/.test(chart.querySelector(".readout").textContent));
  pointer("pointerdown", 0.4); pointer("pointermove", 0.6);
  check("a drag shows what it selects", all(".selection", plot).length === 1);
  pointer("pointerup", 0.6);
  await frame();
  const zoomed = path();
  check("a drag zooms", zoomed !== before);
  check("a zoom can be taken back", !all(".controls button").find((one) => one.textContent === "Show all").disabled);
  plot.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
  await frame();
  check("a double click shows all", path() === before);
  const press = (key) => plot.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  press("ArrowRight"); press("ArrowRight");
  check("keys read values", !chart.querySelector(".readout").hidden);
  press("+");
  await frame();
  check("keys zoom", path() !== before);
  press("Escape");
  await frame();
  check("Escape shows all", path() === before);
  const slider = document.getElementById("smoothing");
  slider.value = "0.6";
  slider.dispatchEvent(new Event("input"));
  await frame();
  check("smoothing draws both lines", all("path.faint", plot).length > 0 && path() !== before);
  slider.value = "0";
  slider.dispatchEvent(new Event("input"));
  for (const value of ["epoch", "time", "step", "log", "linear"]) {
    const earlier = plot.innerHTML.replace(/clip-\d+/g, "");
    document.querySelector("input[value=" + value + "]").click();
    await frame();
    check(value + " redraws", plot.innerHTML.replace(/clip-\d+/g, "") !== earlier);
  }
  check("all axes lead back", path() === before);
  const legend = chart.querySelector(".legend button");
  const lines = all("path.line", plot).length;
  legend.click();
  check("a line can be hidden", all("path.line", plot).length === lines - 1);
  legend.click();
  chart.querySelector("figcaption button").click();
  check("a chart can be wide", chart.classList.contains("wide"));

  const cells = () => all(".confusion td.right, .confusion td.wrong").map((cell) => cell.textContent).join();
  const counts = cells();
  document.querySelector("input[value=truth]").click();
  check("the matrix shows shares", cells() !== counts && counts.length > 0);
  const names = () => all("#evaluation .panel:not([hidden]) .sortable tbody th").map((cell) => cell.textContent);
  const sortButton = all("#evaluation .sortable thead button")[0];
  sortButton.click();
  const ascending = names();
  sortButton.click();
  check("a table sorts", names().join() === [...ascending].reverse().join() && ascending.length > 1);
  const picture = document.querySelector(".gallery button");
  check("a picture has loaded", picture.querySelector("img").naturalWidth > 0);
  picture.click();
  check("a picture is enlarged", document.querySelector("dialog[open] img") !== null);
  document.querySelector("dialog button").click();
  await frame();
  check("and closed again", document.querySelector("dialog") === null);

  const rows = () => all(".parameters tbody tr").length;
  const allRows = rows();
  const search = document.querySelector("#parameters input[type=search]");
  search.value = "lr";
  search.dispatchEvent(new Event("input"));
  check("parameters are searched", rows() > 0 && rows() < allRows);
  search.value = "";
  search.dispatchEvent(new Event("input"));
  document.querySelector("#parameters input[type=checkbox]").click();
  check("only what is notable", rows() > 0 && rows() < allRows);
  check("ranks have bars", all("#timing .panel:not([hidden]) .bar-row").length === 4 && all("#timing .panel:not([hidden]) .bar-row.straggler").length === 1);
  if (isMany) {
    check("what differs is marked", all("tr.differs").length > 0);
    const tabs = all("#logs [role=tab]");
    tabs[1].click();
    check("tabs change the run", all("#logs [role=tabpanel]").filter((panel) => !panel.hidden).length === 1 && tabs[1].getAttribute("aria-selected") === "true");
  }
  check("a failure is told", (document.querySelector(".pill.state-bad") !== null) === (document.getElementById("failure") !== null));
  check("hostile names are text", document.body.textContent.includes("<script>alert") && all("main script, main b[onmouseover]").length === 0 && !window.alerted);
  check("every image has a text", all("img").every((image) => image.alt !== ""));
  check("every field has a name", all("input").every((input) => input.getAttribute("aria-label") || input.closest("label")));
  check("nothing is wider than the page", document.documentElement.scrollWidth <= document.documentElement.clientWidth);
  console.log(failures.length === 0 ? "INTERACT all well" : "INTERACT failed: " + failures.join("; "));
})().catch((error) => console.log("INTERACT failed: " + error.stack));
