"use strict";
// Numbers and texts of the page, without the page itself: tests run this file alone.

function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function formatNumber(value, digits = 4) {
  if (!isNumber(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(digits - 2, 1)).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1e-12))))));
}

function formatCount(value) {
  return isNumber(value) ? Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f") : "–";
}

function formatBytes(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.length; ++unit) bytes /= 1024;
  return (unit === 0 ? String(bytes) : bytes.toFixed(bytes < 10 ? 2 : 1)) + " " + units[unit];
}

function formatDuration(seconds) {
  if (!isNumber(seconds)) return "–";
  if (seconds < 0.0995) return formatNumber(seconds * 1000, 3) + " ms";
  if (seconds < 59.95) return seconds.toFixed(seconds < 9.95 ? 1 : 0) + " s";
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  // A number does not part from its unit.
  if (hours >= 48) return Math.floor(hours / 24) + "\u00a0d " + (hours % 24) + "\u00a0h";
  return hours > 0 ? hours + "\u00a0h " + two(minutes) + "\u00a0min" : minutes + "\u00a0min " + two(whole % 60) + "\u00a0s";
}

function formatShare(share, digits = 1) {
  return isNumber(share) ? (100 * share).toFixed(digits) + "\u202f%" : "–";
}

function formatTime(utc) {
  return utc ? utc.slice(0, 19).replace("T", " ") + " UTC" : "–";
}

/// Round numbers from low to high, about so many.
function niceTicks(low, high, count) {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(count, 1);
  const power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/// Powers of ten, with 2 and 5 times them where there are few.
function logTicks(low, high, count) {
  const ticks = [];
  const decades = Math.log10(high / low);
  const factors = decades * 3 <= count + 1 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / Math.max(count, 1)));
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power)
    for (const factor of factors) {
      const tick = factor * Math.pow(10, power);
      if (power % stride === 0 && tick >= low * 0.999999 && tick <= high * 1.000001) ticks.push(Number(tick.toPrecision(12)));
    }
  return ticks.length > 1 ? ticks : niceTicks(low, high, count).filter((tick) => tick > 0);
}

/// TensorBoard's smoothing: a moving average without a bias towards its start. null stays null.
function smooth(values, weight) {
  if (weight <= 0) return values;
  let sum = 0, norm = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * weight + (1 - weight) * value;
    norm = norm * weight + (1 - weight);
    return sum / norm;
  });
}

/// Epochs that have passed at a step; `epochs` is [[epoch, its last step], ...].
function epochOf(step, epochs) {
  if (epochs.length === 0) return null;
  let before = [epochs[0][0] - 1, 0];
  for (const entry of epochs) {
    if (step <= entry[1]) return before[0] + 1 + (entry[0] - before[0]) * (step - before[1]) / (entry[1] - before[1]);
    before = entry;
  }
  return before[0] + 1;
}

/// The position in a rising array that is closest to x; -1 in an empty one.
function nearestIndex(xs, x) {
  let low = 0, high = xs.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle; else high = middle;
  }
  return Math.abs(xs[high] - x) < Math.abs(x - xs[low]) ? high : low;
}

/// Least and greatest of the finite numbers that `keep` keeps; null where there are none.
function extent(values, keep) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; ++i) {
    if (!isNumber(values[i]) || (keep && !keep(i))) continue;
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return low <= high ? [low, high] : null;
}

/// "val/accuracy" belongs to "accuracy", as its part "val".
function metricGroup(name) {
  const slash = name.indexOf("/");
  return slash < 0 ? { group: name, part: "" } : { group: name.slice(slash + 1), part: name.slice(0, slash) };
}

/// Of each class: images, hits, times predicted, recall, precision, f1 and the class it is most often taken for.
function classMeasures(evaluation) {
  const rows = evaluation.classes.map((name, index) => ({ name, index, images: 0, hits: 0, predicted: 0, confused: null, confusedImages: 0 }));
  for (const [truth, predicted, images] of evaluation.cells) {
    rows[truth].images += images;
    rows[predicted].predicted += images;
    if (truth === predicted) rows[truth].hits += images;
    else if (images > rows[truth].confusedImages) {
      rows[truth].confused = predicted;
      rows[truth].confusedImages = images;
    }
  }
  for (const row of rows) {
    row.recall = row.images > 0 ? row.hits / row.images : null;
    row.precision = row.predicted > 0 ? row.hits / row.predicted : null;
    row.f1 = row.images + row.predicted > 0 ? 2 * row.hits / (row.images + row.predicted) : null;
  }
  return rows;
}

/// The pairs of classes with the most confused images.
function confusedPairs(evaluation, count) {
  const images = classMeasures(evaluation).map((row) => row.images);
  return evaluation.cells.filter(([truth, predicted]) => truth !== predicted)
    .sort((a, b) => b[2] - a[2] || a[0] - b[0] || a[1] - b[1]).slice(0, count)
    .map(([truth, predicted, number]) => ({ truth, predicted, images: number, share: number / images[truth] }));
}

function mean(values) {
  const numbers = values.filter(isNumber);
  return numbers.length > 0 ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null;
}

/// Numbers before texts, what is missing last; texts by their numbers where they have any.
function compareValues(a, b) {
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

/// The parameters of all runs, by key: [{key, values, default, origins, changed, differs}]. What differs comes first, then what
/// is not as by default.
function parameterRows(runs) {
  const rows = new Map();
  runs.forEach((run, index) => {
    for (const parameter of run.parameters) {
      if (!rows.has(parameter.key))
        rows.set(parameter.key, { key: parameter.key, values: runs.map(() => null), origins: runs.map(() => ""), changed: false });
      const row = rows.get(parameter.key);
      row.values[index] = parameter.value;
      row.origins[index] = parameter.origin || "";
      row.changed = row.changed || parameter.changed === true;
      if (parameter.default !== undefined) row.default = parameter.default;
    }
  });
  for (const row of rows.values()) row.differs = row.values.some((value) => value !== row.values[0]);
  const rank = (row) => (row.differs ? 0 : row.changed ? 1 : 2);
  return [...rows.values()].sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1));
}
