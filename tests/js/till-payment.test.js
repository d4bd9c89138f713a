"use strict";
/** Tenders, change, and the amounts on the buttons. */

const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { load } = require("./till.cjs");

let payment;
before(async () => {
  payment = await load("payment");
});

const EURO = { digits: 2, cash_step: "0.0000" };
const FIVE_CENTS = { digits: 2, cash_step: "0.0500" };

test("what remains, by method: only cash is rounded to coins", () => {
  assert.equal(payment.remaining("17.32", [], "cash", EURO), "17.32");
  assert.equal(payment.remaining("17.32", [], "cash", FIVE_CENTS), "17.30");
  assert.equal(payment.remaining("17.32", [], "card", FIVE_CENTS), "17.32");
  const card = [{ method: "card", amount: "10.00" }];
  assert.equal(payment.remaining("17.32", card, "cash", EURO), "7.32");
  const cash = [{ method: "cash", amount: "5.00" }];
  assert.equal(payment.remaining("17.32", cash, "card", EURO), "12.32");
});

test("the amount typed: change, or what is then missing", () => {
  assert.equal(payment.preview("17.30", [], "cash", "20", EURO).change, "2.70");
  assert.equal(payment.preview("17.30", [], "cash", "10", EURO).missing, "7.30");
  assert.equal(payment.preview("17.30", [], "card", "20", EURO).error.code, "overpaid");
});

test("several tenders settle to the total, change comes from cash", () => {
  const tenders = [{ method: "card", amount: "10.00" }, { method: "cash", amount: "10.00" }];
  const { change, applied } = payment.settled("17.30", tenders, EURO);
  assert.equal(change, "2.70");
  assert.deepEqual(applied, ["10.00", "7.30"]);
  assert.equal(payment.settled("0.00", [], EURO).change, "0.00");
});

test("suggested notes lie above the amount, for small and large money", () => {
  assert.deepEqual(payment.suggestions("17.30", 2), ["20.00", "50.00", "100.00", "200.00"]);
  assert.deepEqual(payment.suggestions("3.50", 2), ["4.00", "5.00", "10.00", "20.00"]);
  assert.deepEqual(payment.suggestions("131.31", 2), ["150.00", "200.00", "500.00", "1000.00"]);
  assert.deepEqual(payment.suggestions("1730", 0), ["2000", "5000", "10000", "20000"]);
  assert.deepEqual(payment.suggestions("2.500", 3), ["3.000", "4.000", "5.000", "10.000"]);
  assert.deepEqual(payment.suggestions("20.00", 2), ["50.00", "100.00", "200.00"]);
  assert.deepEqual(payment.suggestions("0.00", 2), []);
});

test("a barcode in the amount is implausible, a large note is not", () => {
  assert.equal(payment.implausible("5901234", "17.30"), true);
  assert.equal(payment.implausible("500.00", "0.45"), false);
  assert.equal(payment.implausible("100000", "1730"), false);
});

test("credit pays what is due, as far as it goes, beside what was taken of it already", () => {
  const taken = [{ method: "credit", amount: "4.00" }, { method: "cash", amount: "5.00" }];
  assert.equal(payment.creditLeft("12.50", []), "12.50");
  assert.equal(payment.creditLeft("12.50", taken), "8.5");
  assert.equal(payment.creditLeft(null, taken), null);
  assert.equal(payment.atMost("17.30", "8.50"), "8.50");
  assert.equal(payment.atMost("8.30", "8.50"), "8.30");
});

test("credit pays exactly, and is rounded to no coins", () => {
  assert.equal(payment.remaining("17.32", [], "credit", FIVE_CENTS), "17.32");
  assert.equal(payment.preview("17.32", [], "credit", "17.33", EURO).error.code, "overpaid");
  const tenders = [{ method: "credit", amount: "7.32" }, { method: "cash", amount: "20.00" }];
  const { change, applied } = payment.settled("17.32", tenders, EURO);
  assert.equal(change, "10.00");
  assert.deepEqual(applied, ["7.32", "10.00"]);
});
