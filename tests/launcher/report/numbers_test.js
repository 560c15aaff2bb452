// numbers_test.js NUMBERS.JS: the page's arithmetic, run by node.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const vm = require("node:vm");

const page = vm.createContext({});
vm.runInContext(fs.readFileSync(process.argv[2], "utf8"), page);
const plain = (value) => JSON.parse(JSON.stringify(value));
const equal = (actual, expected) => assert.deepStrictEqual(plain(actual), expected);

equal([0, 0.123456, 12345.6, 1234567, 0.0000123, -2.5, NaN, null].map((x) => page.formatNumber(x)), ["0", "0.1235", "12346", "1.23e6", "1.23e-5", "-2.5", "–", "–"]);
equal([999, 1000, 1234567].map(page.formatCount), ["999", "1\u202f000", "1\u202f234\u202f567"]);
equal([0, 1023, 1536, 5 * 1024 * 1024].map(page.formatBytes), ["0 B", "1023 B", "1.50 KiB", "5.00 MiB"]);
equal([0.0123, 5, 59.96, 61, 3599.6, 3661, 200000].map(page.formatDuration), ["12.3 ms", "5.0 s", "1\u00a0min 00\u00a0s", "1\u00a0min 01\u00a0s", "1\u00a0h 00\u00a0min", "1\u00a0h 01\u00a0min", "2\u00a0d 7\u00a0h"]);
equal(page.niceTicks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
equal(page.niceTicks(0.11, 0.29, 4), [0.15, 0.2, 0.25]);
equal(page.niceTicks(3, 3, 4), [3]);
equal(page.logTicks(0.01, 100, 5), [0.01, 0.1, 1, 10, 100]);
equal(page.logTicks(1, 10, 5), [1, 2, 5, 10]);
equal(page.smooth([1, 1, 1], 0.9).map((x) => Number(x.toFixed(9))), [1, 1, 1]);
equal(page.smooth([0, null, 1], 0.5).map((x) => (x === null ? null : Number(x.toFixed(6)))), [0, null, 0.666667]);
const epochs = [[0, 100], [1, 200], [3, 400]];
equal([0, 50, 100, 150, 200, 300, 400, 500].map((step) => page.epochOf(step, epochs)), [0, 0.5, 1, 1.5, 2, 3, 4, 4]);
equal(page.epochOf(5, []), null);
equal(page.epochOf(450, [[4, 500]]), 4.9);
equal([-1, 1.4, 1.6, 9].map((x) => page.nearestIndex([0, 1, 2, 3], x)), [0, 1, 2, 3]);
equal(page.nearestIndex([], 1), -1);
equal(page.extent([3, null, -1, Infinity]), [-1, 3]);
equal(page.extent([null]), null);
equal(page.metricGroup("val/loss"), { group: "loss", part: "val" });
equal(page.metricGroup("loss"), { group: "loss", part: "" });
const evaluation = { classes: ["a", "b", "c"], cells: [[0, 0, 6], [0, 1, 3], [0, 2, 1], [1, 1, 5]] };
const measures = page.classMeasures(evaluation);
equal(measures.map((row) => [row.images, row.predicted, row.recall, row.precision, row.confused]), [[10, 6, 0.6, 1, 1], [5, 8, 1, 0.625, null], [0, 1, null, 0, null]]);
equal(page.confusedPairs(evaluation, 1), [{ truth: 0, predicted: 1, images: 3, share: 0.3 }]);
equal([3, null, 1, 2].sort(page.compareValues), [1, 2, 3, null]);
equal(["class 10", "class 9"].sort(page.compareValues), ["class 9", "class 10"]);
const runs = [
  { parameters: [{ key: "z", value: "1", changed: false }, { key: "lr", value: "0.1", changed: false }, { key: "a", value: "x", changed: true, default: "y", origin: "f.yaml:1:1" }] },
  { parameters: [{ key: "lr", value: "0.2", changed: true, default: "0.1" }, { key: "z", value: "1", changed: false }, { key: "a", value: "x", changed: true }] },
];
equal(page.parameterRows(runs).map((row) => [row.key, row.differs, row.changed]), [["lr", true, true], ["a", false, true], ["z", false, false]]);
equal(page.parameterRows(runs.slice(0, 1)).map((row) => row.key), ["a", "lr", "z"]);
console.log("all as expected");
