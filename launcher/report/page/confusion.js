// What the network takes for what: the confusion matrix, the pairs it mixes up, and each class's measures.

const kMaxTableClasses = 40;  // more are drawn as one picture
const kMatrixModes = [["count", "Images"], ["truth", "Share of true class"], ["predicted", "Share of predictions"]];

/// (cell, measures) -> the number between 0 and 1 that decides the colour.
function cellShare(mode, [truth, predicted, images], measures) {
  const total = mode === "predicted" ? measures[predicted].predicted : measures[truth].images;
  return total > 0 ? images / total : 0;
}

function evaluationParts(run) {
  const evaluation = run.evaluation;
  if (!evaluation) return [];
  const parts = [];
  if (evaluation.cells) {
    const measures = classMeasures(evaluation);
    const hits = measures.reduce((sum, row) => sum + row.hits, 0);
    parts.push(el("p", null, el("b", null, formatShare(evaluation.num_images > 0 ? hits / evaluation.num_images : null)), " of " + formatCount(evaluation.num_images) + " images are recognised, of " + evaluation.classes.length + " classes" + whenText(evaluation.report) + "."),
      el("div", { class: "columns" }, matrixFigure(evaluation, measures), pairsFigure(evaluation)), el("h3", null, "By class"), classTable(evaluation, measures));
  } else if (evaluation.report) parts.push(reportLine(evaluation.report), el("h3", null, "By class"), reportTable(evaluation.report));
  return parts;
}

function whenText(report) {
  return report && isNumber(report.epoch) ? ", after epoch " + (report.epoch + 1) : "";
}

function reportLine(report) {
  return el("p", null, el("b", null, formatShare(report.accuracy)), " of " + formatCount(report.num_images) + " images are recognised, of " + formatCount(report.classes.length) + " classes" + whenText(report) + ".");
}

function matrixFigure(evaluation, measures) {
  const holder = el("div", { class: "matrix-holder" });
  const show = (mode) => holder.replaceChildren(evaluation.classes.length <= kMaxTableClasses ? matrixTable(evaluation, measures, mode) : matrixPicture(evaluation, measures, mode));
  show("count");
  return el("div", { class: "matrix" }, el("h3", null, "Confusion matrix"), choice("Show", kMatrixModes, "count", show), holder);
}

function cellText(mode, cell, measures) {
  if (mode === "count") return formatCount(cell[2]);
  const percent = 100 * cellShare(mode, cell, measures);
  return percent >= 99.95 ? "100" : percent >= 9.95 ? percent.toFixed(0) : percent.toFixed(1);
}

function cellTitle(evaluation, cell, measures) {
  const [truth, predicted, images] = cell;
  return formatCount(images) + " images of " + evaluation.classes[truth] + " taken for " + evaluation.classes[predicted] + ": " +
    formatShare(cellShare("truth", cell, measures)) + " of the class, " + formatShare(cellShare("predicted", cell, measures)) + " of such answers";
}

function matrixTable(evaluation, measures, mode) {
  const names = evaluation.classes;
  const cells = names.map(() => names.map(() => null));
  for (const cell of evaluation.cells) cells[cell[0]][cell[1]] = cell;
  const head = el("tr", null, el("td", { class: "corner" }, el("span", null, "true ↓"), el("span", null, "taken for →")), names.map((name) => el("th", { scope: "col", title: name }, el("span", null, name))));
  const rows = cells.map((row, truth) => el("tr", null, el("th", { scope: "row", title: names[truth] }, names[truth]), row.map((cell, predicted) => {
    if (!cell) return el("td", { class: "empty", "aria-label": "0" });
    const share = cellShare(mode === "predicted" ? mode : "truth", cell, measures);
    const td = el("td", { class: (truth === predicted ? "right" : "wrong") + (share > 0.5 ? " strong" : ""), title: cellTitle(evaluation, cell, measures) }, cellText(mode, cell, measures));
    td.style.setProperty("--share", Math.max(4, Math.round(100 * Math.sqrt(share))) + "%");
    return td;
  })));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" }, el("table", { class: "confusion" + (names.length > 20 ? " small" : "") }, el("caption", { class: "unseen" }, "Confusion matrix: rows are true classes, columns what they were taken for"), el("thead", null, head), el("tbody", null, rows)));
}

function matrixPicture(evaluation, measures, mode) {
  const count = evaluation.classes.length;
  const scale = Math.max(1, Math.floor(900 / count));
  const canvas = el("canvas", { width: count * scale, height: count * scale, class: "matrix-picture", role: "img", "aria-label": "Confusion matrix of " + count + " classes; the pairs beside it and the table below tell the same in numbers" });
  const readout = el("p", { class: "note", "aria-live": "polite" }, "Rows are true classes, columns what they were taken for. Point at a cell to read it.");
  const byPlace = new Map(evaluation.cells.map((cell) => [cell[0] * count + cell[1], cell]));
  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const cell of evaluation.cells) {
      context.globalAlpha = Math.max(0.06, Math.sqrt(cellShare(mode, cell, measures)));
      context.fillStyle = style.getPropertyValue(cell[0] === cell[1] ? "--right" : "--wrong");
      context.fillRect(cell[1] * scale, cell[0] * scale, scale, scale);
    }
  };
  paint();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const truth = Math.min(count - 1, Math.max(0, Math.floor((event.clientY - box.top) / box.height * count)));
    const predicted = Math.min(count - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * count)));
    readout.textContent = cellTitle(evaluation, byPlace.get(truth * count + predicted) || [truth, predicted, 0], measures);
  });
  return el("div", null, canvas, readout);
}

function pairsFigure(evaluation) {
  const pairs = confusedPairs(evaluation, 10);
  if (pairs.length === 0) return el("div", { class: "pairs" }, el("h3", null, "Most confused"), el("p", null, "Nothing is mixed up."));
  return el("div", { class: "pairs" }, el("h3", null, "Most confused"), el("ol", null, pairs.map((pair) => el("li", null, el("span", null, el("b", null, evaluation.classes[pair.truth]), " taken for ", el("b", null, evaluation.classes[pair.predicted])),
    el("span", { class: "aside" }, formatCount(pair.images) + " images, " + formatShare(pair.share) + " of the class")))));
}

function classTable(evaluation, measures) {
  const name = (index) => (index === null ? "–" : evaluation.classes[index]);
  return sortableTable("Measures by class", [
    { label: "Class", value: (row) => row.name },
    { label: "Images", value: (row) => row.images, cell: (row) => formatCount(row.images), numeric: true },
    { label: "Recall", value: (row) => row.recall, cell: (row) => shareBar(row.recall), numeric: true },
    { label: "Precision", value: (row) => row.precision, cell: (row) => shareBar(row.precision), numeric: true },
    { label: "F1", value: (row) => row.f1, cell: (row) => formatNumber(row.f1, 3), numeric: true },
    { label: "Most often taken for", value: (row) => name(row.confused), cell: (row) => (row.confused === null ? "–" : name(row.confused) + " (" + formatCount(row.confusedImages) + ")") },
  ], measures, { index: 2, descends: false });
}

/// A classification report without its matrix.
function reportTable(report) {
  return sortableTable("Measures by class", [
    { label: "Class", value: (row) => row.name },
    { label: "Images", value: (row) => row.support, cell: (row) => formatCount(row.support), numeric: true },
    { label: "Recall", value: (row) => row.recall, cell: (row) => shareBar(row.recall), numeric: true },
    { label: "Precision", value: (row) => row.precision, cell: (row) => shareBar(row.precision), numeric: true },
    { label: "F1", value: (row) => row.f1, cell: (row) => formatNumber(row.f1, 3), numeric: true },
  ], report.classes, { index: 2, descends: false });
}

function pictureParts(run) {
  if (!run.pictures || run.pictures.length === 0) return [];
  return [el("h3", null, "Worst images"), el("p", { class: "hint" }, "The images with the highest loss. Click one to enlarge it."), el("div", { class: "gallery" }, run.pictures.map(pictureFigure))];
}

function pictureFigure(picture) {
  const text = (value) => (value === null || value === undefined ? "?" : String(value));
  const numbers = [picture.loss !== null ? "loss " + (isNumber(picture.loss) ? formatNumber(picture.loss, 3) : picture.loss) : null, picture.probability !== null ? formatShare(picture.probability, 0) + " sure" : null].filter(Boolean).join(", ");
  const alt = text(picture.label) + " taken for " + text(picture.prediction);
  const button = el("button", { type: "button", title: picture.name === null ? alt : text(picture.name), "aria-label": "Enlarge: " + alt }, el("img", { src: picture.source, alt, loading: "lazy" }));
  button.addEventListener("click", () => enlarge(picture, alt, numbers));
  return el("figure", null, button, el("figcaption", null, el("span", { class: "truth" }, text(picture.label)), el("span", { class: "guess" }, "→ " + text(picture.prediction)), el("span", { class: "aside" }, numbers)));
}

function enlarge(picture, alt, numbers) {
  const dialog = el("dialog", { class: "enlarged" }, el("img", { src: picture.source, alt }), el("p", null, el("b", null, alt), numbers ? ": " + numbers : ""), picture.name !== null ? el("p", { class: "aside" }, String(picture.name)) : null, el("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, "Close"));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
