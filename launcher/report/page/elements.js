// Elements of the page. All text enters as text, never as HTML.

/// el("p", {class: "note", onclick: f}, "text", child, ...); null and false are left out.
function el(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

function svg(tag, properties, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

function section(id, title, ...children) {
  return el("section", { id, class: "section", "aria-labelledby": id + "-title" }, el("h2", { id: id + "-title" }, title), ...children);
}

/// Radio buttons that look like one control.
function choice(label, options, chosen, onchange) {
  const name = "choice-" + choice.count++;
  return el("fieldset", { class: "choice" }, el("legend", null, label), options.map(([value, text]) => el("label", null,
    el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) }), el("span", null, text))));
}
choice.count = 0;

function swatch(index) {
  return el("span", { class: "swatch c" + (index % 8), "aria-hidden": "true" });
}

/// columns: [{label, value(row), cell(row), numeric}]. A click on a column's name sorts by it.
function sortableTable(caption, columns, rows, sorted) {
  const body = el("tbody");
  const headers = columns.map((column, index) => el("th", { scope: "col", class: column.numeric ? "number" : null },
    el("button", { type: "button", onclick: () => sort(index) }, column.label)));
  let order = null;
  function sort(index) {
    const descends = order && order.index === index ? !order.descends : columns[index].numeric === true;
    order = { index, descends };
    headers.forEach((header, i) => i === index ? header.setAttribute("aria-sort", descends ? "descending" : "ascending") : header.removeAttribute("aria-sort"));
    const value = columns[index].value;
    const missing = (row) => value(row) === null || value(row) === undefined;
    const sortedRows = [...rows].sort((a, b) => missing(a) || missing(b) ? compareValues(value(a), value(b)) : (descends ? -1 : 1) * compareValues(value(a), value(b)));
    body.replaceChildren(...sortedRows.map((row) => el("tr", null, columns.map((column, i) =>
      el(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: column.numeric ? "number" : null }, column.cell ? column.cell(row) : String(column.value(row)))))));
  }
  const start = sorted || { index: 0, descends: false };
  order = { index: start.index, descends: !start.descends };
  sort(start.index);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, el("table", { class: "sortable" }, el("caption", { class: "unseen" }, caption), el("thead", null, el("tr", null, headers)), body));
}

/// A share as a bar with its number.
function shareBar(share) {
  const bar = el("span", { class: "share-bar", "aria-hidden": "true" }, el("span", null));
  bar.firstChild.style.width = (isNumber(share) ? 100 * share : 0) + "%";
  return el("span", { class: "share" }, bar, el("span", null, formatShare(share)));
}

function copyButton(text) {
  const button = el("button", { type: "button", class: "copy", onclick: () => copy().then(() => say("Copied"), () => say("Press Ctrl-C")) }, "Copy");
  const say = (message) => {
    button.textContent = message;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  const copy = () => navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject(new Error("no clipboard"));
  return button;
}
