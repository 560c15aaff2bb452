// A chart of lines: zoom by dragging, read-out under the pointer or by keys.

const kChartHeight = 250;
const kChartMargin = { left: 54, right: 14, top: 12, bottom: 28 };

/// What all charts of the page share: the x axis and the part of it that is shown.
function makeView() {
  const listeners = [];
  return {
    axis: "step", smoothing: 0, isLog: false, range: null,
    onChange(listener) { listeners.push(listener); },
    set(changes) {
      Object.assign(this, changes);
      for (const listener of listeners) listener();
    },
  };
}

function axisValueText(axis, value) {
  if (axis === "time") return formatDuration(value);
  if (axis === "epoch") return "epoch " + formatNumber(value, 4);
  return "step " + formatCount(value);
}

function axisTickText(axis, value) {
  if (axis !== "time") return value >= 1e4 ? formatNumber(value / 1000, 4) + "k" : formatNumber(value, 6);
  return value >= 7200 ? formatNumber(value / 3600, 3) + " h" : value >= 120 ? formatNumber(value / 60, 3) + " min" : formatNumber(value, 3) + " s";
}

/// series: [{label, color, dash, curve, xs(axis)}], curve as in the data.
function makeChart(title, unit, series, view) {
  const chart = { series: series.map((one) => ({ ...one, isShown: true })), width: 0, cursor: null, isDrawn: false };
  const plot = svg("svg", { class: "plot", tabindex: "0", role: "img", "aria-label": describeChart(title, unit, series), height: kChartHeight });
  const readout = el("div", { class: "readout", hidden: true, "aria-live": "polite" });
  const legend = el("div", { class: "legend" }, chart.series.map((one) => legendButton(one, () => drawChart(chart, plot, readout, unit, view))));
  const wide = el("button", { type: "button", class: "plain", "aria-pressed": "false", title: "Wide or narrow", "aria-label": "Show " + title + " over the whole width" }, "⤢");
  const element = el("figure", { class: "chart" }, el("figcaption", null, el("h3", null, title, unit ? el("span", { class: "unit" }, " " + unit) : null), wide), legend, el("div", { class: "plot-area" }, plot, readout), thinnedNote(series));
  wide.addEventListener("click", () => wide.setAttribute("aria-pressed", String(element.classList.toggle("wide"))));
  const redraw = () => { if (chart.isDrawn) drawChart(chart, plot, readout, unit, view); };
  view.onChange(redraw);
  new ResizeObserver(redraw).observe(plot);
  chart.element = element;
  chart.draw = () => {
    chart.isDrawn = true;
    redraw();
  };
  watchPointer(chart, plot, readout, unit, view);
  watchKeys(chart, plot, readout, unit, view);
  return chart;
}

function describeChart(title, unit, series) {
  const parts = series.map((one) => one.label + " ends at " + formatNumber(one.curve.last) + ", from " + formatNumber(one.curve.min) + " to " + formatNumber(one.curve.max));
  return title + (unit ? " in " + unit : "") + ": " + parts.join("; ") + ". Arrow keys read values, plus and minus zoom, Escape shows all.";
}

function legendButton(one, redraw) {
  const line = svg("svg", { class: "swatch-line c" + (one.color % 8), width: 22, height: 10, "aria-hidden": "true" }, svg("line", { x1: 1, x2: 21, y1: 5, y2: 5, class: "line" + dashClass(one) }));
  const button = el("button", { type: "button", "aria-pressed": "true", title: "Show or hide" }, line, one.label);
  button.addEventListener("click", () => {
    one.isShown = !one.isShown;
    button.setAttribute("aria-pressed", String(one.isShown));
    redraw();
  });
  return button;
}

function dashClass(one) {
  return one.dash > 0 ? " dash" + ((one.dash - 1) % 3 + 1) : "";
}

function thinnedNote(series) {
  const thinned = series.filter((one) => one.curve.low);
  const nonfinite = series.filter((one) => one.curve.num_nonfinite > 0);
  const texts = [];
  if (thinned.length > 0)
    texts.push("Of " + formatCount(Math.max(...thinned.map((one) => one.curve.count))) + " values the means of " + formatCount(thinned[0].curve.values.length) + " neighbourhoods are drawn; the band reaches from their least to their greatest value.");
  for (const one of nonfinite) texts.push(one.label + ": " + formatCount(one.curve.num_nonfinite) + " of " + formatCount(one.curve.count) + " values are not finite, and not drawn.");
  return texts.length > 0 ? el("p", { class: "note" }, texts.join(" ")) : null;
}

/// Scales for what is shown now, or null where nothing is.
function chartScales(chart, view) {
  const shown = chart.series.filter((one) => one.isShown);
  const all = shown.map((one) => extent(one.xs(view.axis))).filter(Boolean);
  if (all.length === 0) return null;
  let [left, right] = view.range || [Math.min(...all.map((e) => e[0])), Math.max(...all.map((e) => e[1]))];
  if (!(right > left)) [left, right] = [left - 0.5, left + 0.5];
  const extents = shown.flatMap((one) => {
    const xs = one.xs(view.axis);
    const keep = (values) => (i) => xs[i] >= left && xs[i] <= right && (!view.isLog || values[i] > 0);
    const values = one.curve.low && view.smoothing === 0 ? [one.curve.low, one.curve.high] : [one.curve.values];
    return values.map((list) => extent(list, keep(list)));
  }).filter(Boolean);
  if (extents.length === 0) return { left, right, low: view.isLog ? 0.1 : 0, high: 1 };
  let low = Math.min(...extents.map((e) => e[0])), high = Math.max(...extents.map((e) => e[1]));
  if (view.isLog) return { left, right, low: high > low ? low : low / 2, high: high > low ? high : high * 2 };
  const room = high > low ? (high - low) * 0.05 : Math.abs(high) * 0.1 || 1;
  if (low >= 0 && low - room < 0) return { left, right, low: Math.min(low, 0), high: high + room };
  return { left, right, low: low - room, high: high + room };
}

function drawChart(chart, plot, readout, unit, view) {
  chart.width = plot.clientWidth || plot.parentElement.clientWidth;
  if (chart.width < 60) return;
  const scales = chartScales(chart, view);
  plot.setAttribute("viewBox", "0 0 " + chart.width + " " + kChartHeight);
  plot.replaceChildren();
  chart.scales = scales;
  readout.hidden = true;
  if (!scales) return;
  const { left, right, top, bottom } = kChartMargin;
  const inner = { width: chart.width - left - right, height: kChartHeight - top - bottom };
  const position = view.isLog ? (y) => (Math.log(y) - Math.log(scales.low)) / (Math.log(scales.high) - Math.log(scales.low)) : (y) => (y - scales.low) / (scales.high - scales.low);
  chart.toX = (x) => left + inner.width * (x - scales.left) / (scales.right - scales.left);
  chart.toY = (y) => top + inner.height * (1 - position(y));
  chart.fromX = (pixel) => scales.left + (scales.right - scales.left) * (pixel - left) / inner.width;
  const clip = "clip-" + drawChart.count++;
  plot.append(svg("defs", null, svg("clipPath", { id: clip }, svg("rect", { x: left - 5, y: top - 5, width: inner.width + 10, height: inner.height + 10 }))));
  drawAxes(chart, plot, view, inner);
  const lines = svg("g", { "clip-path": "url(#" + clip + ")" });
  for (const one of chart.series) if (one.isShown) drawLine(lines, chart, one, view);
  plot.append(lines, svg("g", { class: "cursor" }));
}
drawChart.count = 0;

function drawAxes(chart, plot, view, inner) {
  const { left, top } = kChartMargin;
  const { scales } = chart;
  const bottom = top + inner.height;
  const grid = svg("g", { class: "grid" });
  for (const tick of view.isLog ? logTicks(scales.low, scales.high, 5) : niceTicks(scales.low, scales.high, 5)) {
    const y = chart.toY(tick);
    grid.append(svg("line", { x1: left, x2: left + inner.width, y1: y, y2: y }), svg("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, formatNumber(tick, 4)));
  }
  const xTicks = niceTicks(scales.left, scales.right, Math.max(2, Math.floor(inner.width / 90)));
  for (const tick of xTicks) {
    const x = chart.toX(tick);
    grid.append(svg("line", { x1: x, x2: x, y1: bottom, y2: bottom + 4, class: "tick" }), svg("text", { x, y: bottom + 18, "text-anchor": "middle" }, axisTickText(view.axis, tick)));
  }
  grid.append(svg("line", { x1: left, x2: left + inner.width, y1: bottom, y2: bottom, class: "base" }));
  plot.append(grid);
}

/// Points outside of the view are left out, but for the nearest on each side.
function linePath(chart, xs, ys, view) {
  const { scales } = chart;
  let path = "", pen = "M", number = 0;
  for (let i = 0; i < xs.length; ++i) {
    const isOutside = (i + 1 < xs.length && xs[i + 1] < scales.left) || (i > 0 && xs[i - 1] > scales.right);
    const isGap = !isNumber(ys[i]) || !isNumber(xs[i]) || (view.isLog && ys[i] <= 0);
    if (isOutside || isGap) {
      if (isGap) pen = "M";
      continue;
    }
    path += pen + chart.toX(xs[i]).toFixed(1) + " " + chart.toY(ys[i]).toFixed(1);
    pen = "L";
    ++number;
  }
  return { path, number };
}

/// From the least to the greatest values of a thinned series.
function bandPath(chart, xs, curve, view) {
  const point = (i, y) => chart.toX(xs[i]).toFixed(1) + " " + chart.toY(y).toFixed(1);
  const kept = xs.map((_, i) => i).filter((i) => isNumber(curve.low[i]) && (!view.isLog || curve.low[i] > 0) && xs[i] >= chart.scales.left && xs[i] <= chart.scales.right);
  if (kept.length === 0) return "";
  return "M" + kept.map((i) => point(i, curve.high[i])).join("L") + "L" + kept.reverse().map((i) => point(i, curve.low[i])).join("L") + "Z";
}

function drawLine(lines, chart, one, view) {
  const xs = one.xs(view.axis);
  const color = "c" + (one.color % 8);
  if (one.curve.low && view.smoothing === 0) {
    lines.append(svg("path", { d: bandPath(chart, xs, one.curve, view), class: "band " + color }));
  }
  const raw = linePath(chart, xs, one.curve.values, view);
  if (view.smoothing > 0) lines.append(svg("path", { d: raw.path, class: "line faint " + color }));
  const drawn = view.smoothing > 0 ? linePath(chart, xs, smooth(one.curve.values, view.smoothing), view) : raw;
  lines.append(svg("path", { d: drawn.path, class: "line " + color + dashClass(one) }));
  if (raw.number > 40) return;
  for (let i = 0; i < xs.length; ++i)
    if (isNumber(one.curve.values[i]) && (!view.isLog || one.curve.values[i] > 0) && xs[i] >= chart.scales.left && xs[i] <= chart.scales.right)
      lines.append(svg("circle", { cx: chart.toX(xs[i]), cy: chart.toY(one.curve.values[i]), r: raw.number > 15 ? 2 : 3, class: "dot " + color + (view.smoothing > 0 ? " faint" : "") }));
}

/// Values of all lines nearest to x, beside a vertical line there.
function showReadout(chart, plot, readout, unit, view, x) {
  const cursor = plot.querySelector(".cursor");
  if (!cursor || !chart.scales) return;
  const found = chart.series.filter((one) => one.isShown).map((one) => ({ one, xs: one.xs(view.axis) }))
    .map(({ one, xs }) => ({ one, xs, index: nearestIndex(xs, x) })).filter(({ xs, index }) => index >= 0 && xs[index] >= chart.scales.left && xs[index] <= chart.scales.right);
  cursor.replaceChildren();
  readout.hidden = found.length === 0;
  if (found.length === 0) return;
  const nearest = found.reduce((best, item) => Math.abs(item.xs[item.index] - x) < Math.abs(best.xs[best.index] - x) ? item : best);
  chart.cursor = nearest.xs[nearest.index];
  const at = chart.toX(chart.cursor);
  cursor.append(svg("line", { x1: at, x2: at, y1: kChartMargin.top, y2: kChartHeight - kChartMargin.bottom }));
  const rows = found.map(({ one, xs, index }) => {
    const value = one.curve.values[index];
    if (isNumber(value) && (!view.isLog || value > 0)) cursor.append(svg("circle", { cx: chart.toX(xs[index]), cy: chart.toY(value), r: 4.5, class: "dot c" + (one.color % 8) }));
    const smoothed = view.smoothing > 0 ? " (smoothed " + formatNumber(smooth(one.curve.values, view.smoothing)[index], 5) + ")" : "";
    const range = one.curve.low ? " (" + formatNumber(one.curve.low[index], 4) + " to " + formatNumber(one.curve.high[index], 4) + ")" : "";
    return el("div", null, swatch(one.color), el("span", null, one.label), el("b", null, formatNumber(value, 5) + (unit ? "\u202f" + unit : "")), smoothed + range);
  });
  readout.replaceChildren(el("div", { class: "readout-x" }, axisValueText(view.axis, chart.cursor)), ...rows);
  readout.style.left = Math.max(0, Math.min(at + 12, chart.width - readout.offsetWidth)) + "px";
  if (at + 12 + readout.offsetWidth > chart.width) readout.style.left = Math.max(0, at - 12 - readout.offsetWidth) + "px";
}

function watchPointer(chart, plot, readout, unit, view) {
  let dragStart = null;
  const offset = (event) => (event.clientX - plot.getBoundingClientRect().left) * chart.width / (plot.getBoundingClientRect().width || 1);
  const clamp = (x) => Math.min(Math.max(x, kChartMargin.left), chart.width - kChartMargin.right);
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !chart.scales || event.pointerType === "touch") return;
    dragStart = clamp(offset(event));
    try { plot.setPointerCapture(event.pointerId); } catch (error) { /* the pointer is gone already */ }
  });
  plot.addEventListener("pointermove", (event) => {
    if (!chart.scales) return;
    if (dragStart === null || Math.abs(clamp(offset(event)) - dragStart) < 4) return showReadout(chart, plot, readout, unit, view, chart.fromX(offset(event)));
    readout.hidden = true;
    const now = clamp(offset(event));
    plot.querySelector(".cursor").replaceChildren(svg("rect", { class: "selection", x: Math.min(now, dragStart), y: kChartMargin.top, width: Math.abs(now - dragStart), height: kChartHeight - kChartMargin.top - kChartMargin.bottom }));
  });
  plot.addEventListener("pointerup", (event) => {
    if (dragStart === null) return;
    const [from, to] = [dragStart, clamp(offset(event))].sort((a, b) => a - b);
    dragStart = null;
    if (to - from >= 4) view.set({ range: [chart.fromX(from), chart.fromX(to)] });
  });
  plot.addEventListener("pointercancel", () => { dragStart = null; });
  plot.addEventListener("pointerleave", () => {
    if (dragStart !== null) return;
    readout.hidden = true;
    plot.querySelector(".cursor")?.replaceChildren();
  });
  plot.addEventListener("dblclick", () => view.set({ range: null }));
}

function watchKeys(chart, plot, readout, unit, view) {
  const zoom = (factor) => {
    const { left, right } = chart.scales;
    const centre = chart.cursor !== null && chart.cursor >= left && chart.cursor <= right ? chart.cursor : (left + right) / 2;
    view.set({ range: [centre - (centre - left) * factor, centre + (right - centre) * factor] });
  };
  plot.addEventListener("keydown", (event) => {
    if (!chart.scales || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (chart.scales.right - chart.scales.left) / 60;
    const from = chart.cursor === null ? chart.scales.left - step : chart.cursor;
    if (event.key === "ArrowRight") moveCursor(chart, view, from, 1);
    else if (event.key === "ArrowLeft") moveCursor(chart, view, from, -1);
    else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "Escape" || event.key === "0") view.set({ range: null });
    else return;
    event.preventDefault();
    if (chart.cursor !== null) showReadout(chart, plot, readout, unit, view, chart.cursor);
  });
  plot.addEventListener("blur", () => { readout.hidden = true; });
}

/// To the next point of any line, at least a sixtieth of the width away where there are many.
function moveCursor(chart, view, from, direction) {
  const { left, right } = chart.scales;
  const least = (right - left) / 200;
  const xs = chart.series.filter((one) => one.isShown).flatMap((one) => one.xs(view.axis)).filter((x) => x >= left && x <= right && direction * (x - from) > least);
  if (xs.length > 0) chart.cursor = direction > 0 ? xs.reduce((a, b) => Math.min(a, b)) : xs.reduce((a, b) => Math.max(a, b));
}
