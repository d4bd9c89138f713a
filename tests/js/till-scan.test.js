"use strict";
/** What is scanned or typed: multipliers, words, pace, and the order of quick scans. */

const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { load } = require("./till.cjs");

let scan;
let decimal;
before(async () => {
  scan = await load("scan");
  decimal = await load("decimal");
});

test("multipliers before a code", () => {
  const cases = {
    "4006381": { text: "4006381", quantity: "1", plain: null },
    "3*4006381": { text: "4006381", quantity: "3", plain: null },
    " 0,5 × tea ": { text: "tea", quantity: "0.5", plain: null },
    "3x4006381": { text: "4006381", quantity: "3", plain: "3x4006381" },
    "2x4 timber": { text: "4 timber", quantity: "2", plain: "2x4 timber" },
    "0*4006381": { text: "0*4006381", quantity: "1", plain: null },
    "box": { text: "box", quantity: "1", plain: null },
  };
  for (const [input, expected] of Object.entries(cases)) assert.deepEqual(scan.parse(input), expected, input);
});

test("a multiplier alone waits for its code", () => {
  for (const input of ["3*", "3 x", "12×"]) assert.equal(scan.awaitsCode(input), true, input);
  for (const input of ["3", "3*4", "box", "*"]) assert.equal(scan.awaitsCode(input), false, input);
});

test("pasted codes are scans, pasted words are not", () => {
  assert.deepEqual(scan.pastedCodes("4006381\n5901234\r\n"), ["4006381", "5901234"]);
  assert.deepEqual(scan.pastedCodes(" KT-100 "), ["KT-100"]);
  assert.equal(scan.pastedCodes("green tea"), null);
  assert.equal(scan.pastedCodes("mug"), null);
});

test("a scanner is known by its pace", () => {
  const pace = scan.paceMeter();
  const press = (...times) => times.forEach((timeStamp) => pace.key({ key: "5", timeStamp }));
  press(0, 12, 25, 40, 51);
  assert.equal(pace.isScanner(), true);
  pace.key({ key: "Enter", timeStamp: 2000 });
  assert.equal(pace.isScanner(), true, "what types nothing does not count");
  pace.reset();
  press(0, 140, 260, 400);
  assert.equal(pace.isScanner(), false);
  pace.reset();
  press(0, 10);
  assert.equal(pace.isScanner(), false, "two quick keys are a person's");
});

test("quick scans become lines in their order, whatever the answers' order", async () => {
  const applied = [];
  const delays = { a: 30, b: 1, c: 10 };
  const queue = scan.scanQueue({
    lookup: (code) => new Promise((resolve) => setTimeout(resolve, delays[code], code.toUpperCase())),
    apply: (code, { item }) => applied.push(item),
  });
  for (const code of ["a", "b", "c"]) queue.push(code);
  await queue.idle();
  assert.deepEqual(applied, ["A", "B", "C"]);
});

test("a scan that fails is told, and swallows none of the others", async () => {
  const applied = [];
  const queue = scan.scanQueue({
    lookup(code) {
      if (code === "bad") throw new Error("unknown");
      return code;
    },
    apply: (code, { item, error }) => applied.push(error ? `${code}: ${error.message}` : item),
  });
  for (const code of ["1", "bad", "2"]) queue.push(code);
  await queue.idle();
  assert.deepEqual(applied, ["1", "bad: unknown", "2"]);
});

test("typed numbers: comma or point, thousands, no nonsense", () => {
  const cases = [["12,50", "12.5"], ["1.234,50", "1234.5"], ["1,234.50", "1234.5"], [".5", "0.5"], ["20", "20"], ["1 234,5", "1234.5"]];
  for (const [input, expected] of cases) assert.equal(decimal.typed(input, 2), expected, input);
  for (const input of ["", "abc", "-5", "1.005", "1e3", "5901234123457"]) {
    assert.equal(decimal.typed(input, 2), null, input);
  }
});

test("decimals are added and compared exactly", () => {
  assert.equal(decimal.add("0.1", "0.2"), "0.3");
  assert.equal(decimal.subtract("1", "2.5"), "-1.5");
  assert.equal(decimal.compare("10", "9.9999"), 1);
  assert.equal(decimal.compare("5.0000", "5"), 0);
  assert.equal(decimal.fixed("5.0000", 2), "5.00");
  assert.equal(decimal.fixed("0.1250", 2), "0.125");
  assert.equal(decimal.fixed("1730.0000", 0), "1730");
  assert.throws(() => decimal.add("0.12345", "1"), RangeError);
});
