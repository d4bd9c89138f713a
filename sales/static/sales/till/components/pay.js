/** Taking the money: one method or several, and the change while one types. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { dispatch } from "till/commands";
import { askCredit, creditHere, mayTakeCredit } from "till/credit";
import { compare, fixed, typed } from "till/decimal";
import { scan } from "till/finding";
import { METHOD_KEYS } from "till/keys";
import { atMost, creditLeft, implausible, preview, remaining, suggestions } from "till/payment";
import { pay } from "till/paying";
import { looksLikeBarcode, paceMeter } from "till/scan";
import * as state from "till/state";
import { day, editable, money, money_of, problemText, t } from "till/text";
import { Button, Choices, Dialog, Field, Form, Icon, Kbd, Note, html } from "till/components/ui";

const NO_CARD = { card_brand: "", card_last4: "", reference: "" };

export function Pay({ method: first }) {
  // Nothing, while the first scan is still being looked up.
  const total = state.sums.value.priced?.total ?? fixed("0", money_of.value.digits);
  const looking = state.pending.value.length > 0;
  const { digits } = money_of.value;
  const [method, setMethod] = useState(first);
  const [tenders, setTenders] = useState([]);
  const due = remaining(total, tenders, method, money_of.value);
  const byCredit = method === "credit";
  const left = creditLeft(creditHere()?.amount ?? null, tenders);
  const asked = byCredit ? atMost(due, left ?? "0") : due;
  // Untouched (null), the field follows what is due.
  const [input, setText] = useState(null);
  const text = input ?? editable(asked, digits);
  const [card, setCard] = useState(NO_CARD);
  const [error, setError] = useState("");
  const pace = useRef(paceMeter()).current;
  const form = useRef(null);

  const amount = text.trim() === "" ? fixed(asked, digits) : typed(text, digits);
  const ahead = amount === null ? null : preview(total, tenders, method, amount, money_of.value);

  // More than anyone hands over, and it looks like a code.
  const noAmount = !looking && (amount === null || implausible(amount, due));

  const begin = (next, taken = tenders) => {
    setMethod(next);
    setTenders(taken);
    setText(null);
    setError("");
    pace.reset();
  };
  useEffect(() => void askCredit(), []);
  // A new method or a new rest: the amount is there to be replaced, before the next key arrives.
  useLayoutEffect(() => {
    const field = form.current?.querySelector("[data-first]");
    field?.focus();
    if (input === null) field?.select();
  }, [method, tenders.length, looking, byCredit && left]);

  const refuse = (reason) => {
    setError(reason);
    form.current.querySelector("[data-first]")?.select();
  };
  // The field has the focus again, so that Enter completes the sale.
  const pick = (value) => {
    setText(editable(value, digits));
    setError("");
    form.current.querySelector("[data-first]")?.focus();
  };

  const submit = () => {
    if (state.busy.value) return;
    // Also while the scan before it is still looked up: they become lines in their order.
    if (looksLikeBarcode(text) && (pace.isScanner() || noAmount)) return scannedInstead(text);
    if (looking) return;
    if (amount === null) return refuse(t("bad_amount"));
    const barred = byCredit && (noCredit(left) || (compare(amount, left) > 0 && t("credit_less", { credit: money(left) })));
    if (barred) return refuse(barred);
    if (method === "cash" && implausible(amount, due)) return refuse(t("implausible_amount"));
    if (ahead.error) return refuse(method === "cash" ? problemText(ahead.error) : t("too_much", { due: money(due) }));
    if (method === "card" && !/^(\d{4})?$/.test(card.card_last4)) return setError(t("bad_last4"));
    const tender = { method, amount: fixed(amount, digits), ...(method === "cash" || byCredit ? NO_CARD : card) };
    const zero = compare(amount, "0") === 0;
    const all = zero ? tenders : [...tenders, tender];
    if (compare(ahead.missing, "0") > 0) {
      if (zero) return refuse(t("bad_amount"));
      setCard(NO_CARD);
      return begin(method === "cash" ? "card" : "cash", all);
    }
    // Only the server knows what is there: what it has not heard of is not paid.
    if (!state.connected.value && all.some((one) => one.method === "credit")) return refuse(t("credit_offline"));
    pay(all);
  };

  const onKey = (event) => {
    const next = METHOD_KEYS[event.key];
    if (!next) return;
    event.preventDefault();
    if (next !== method && offered().some((one) => one.value === next)) begin(next);
  };

  return html`<${Dialog} title=${t("payment")} kind="pay-dialog">
    <${Form} onSubmit=${submit} onKeyDown=${onKey}>
      <div ref=${form} class="pay-body">
        <p class="due"><span>${tenders.length ? t("still_due") : t("to_pay")}</span><output data-due>${money(due)}</output></p>
        <${Tenders} tenders=${tenders} onRemove=${(at) => begin(method, tenders.filter((_, index) => index !== at))} />
        <${Choices} label=${t("method")} name="method" value=${method} onChange=${(next) => begin(next)} options=${offered()} />
        <${Field} kind="amount-field" label=${method === "cash" ? t("cash_given") : t("amount")} first inputmode="decimal" value=${text} error=${error}
          onKeyDown=${pace.key} onInput=${(event) => { setText(event.target.value); setError(""); }} />
        ${method === "cash" && html`<${Notes} due=${due} onPick=${pick} />`}
        ${byCredit && html`<${Credit} left=${left} />`}
        ${method !== "cash" && !byCredit && html`<${Card} method=${method} card=${card} onChange=${setCard} />`}
        <${Outcome} ahead=${ahead} />
      </div>
      <footer><${Complete} ahead=${ahead} looking=${looking} /></footer>
    </${Form}>
  </${Dialog}>`;
}

const methods = () => [
  { value: "cash", label: t("cash"), icon: "banknote", key: "F9" },
  { value: "card", label: t("card"), icon: "credit-card", key: "F10" },
  { value: "other", label: t("other"), icon: "receipt", key: "F8" },
  { value: "credit", label: t("credit"), icon: "wallet", key: "F7" },
];

/** Without the server nobody knows what a customer has. */
const offered = () =>
  methods().filter(({ value }) => value !== "credit" || (mayTakeCredit() && state.connected.value));

/** Why credit cannot be taken, in a sentence; null where it can. */
function noCredit(left) {
  const customer = state.cart.value.customer;
  if (!customer) return t("credit_no_customer");
  if (!state.connected.value) return t("credit_offline");
  if (left === null) return creditHere()?.failed ? t("unreachable") : t("looking_up");
  return compare(left, "0") > 0 ? null : t("credit_none", { name: customer.name });
}

/** Whose credit, and how much of it is there. */
function Credit({ left }) {
  const why = noCredit(left);
  if (why) return html`<${Note} level="warning" icon="wallet">${why}</${Note}>`;
  const { expires } = creditHere();
  const said = { name: state.cart.value.customer.name, credit: money(left), day: expires && day(expires) };
  return html`<${Note} level="info" icon="wallet">${expires ? t("credit_until", said) : t("credit_there", said)}</${Note}>`;
}

/** A scan that hit the amount is no money: it becomes a line, and the payment begins anew. */
function scannedInstead(code) {
  state.dialog.value = null;
  scan(code);
}

function Tenders({ tenders, onRemove }) {
  if (!tenders.length) return null;
  return html`<ul class="tenders" aria-label=${t("tenders_label")}>
    ${tenders.map((tender, index) => html`<li key=${index}>
      <${Icon} name=${methods().find((one) => one.value === tender.method).icon} />
      <span>${methods().find((one) => one.value === tender.method).label}${tender.card_last4 && ` ·${tender.card_last4}`}</span>
      <b>${money(tender.amount)}</b>
      <${Button} icon="x" kind="quiet icon-only" label=${t("remove")} onClick=${() => onRemove(index)} />
    </li>`)}
  </ul>`;
}

function Notes({ due, onPick }) {
  const { digits } = money_of.value;
  return html`<div class="notes" role="group" aria-label=${t("notes_label")}>
    <button type="button" class="secondary" onClick=${() => onPick(due)}>${t("exact")}</button>
    ${suggestions(due, digits).map((value) => html`<button type="button" class="secondary" key=${value} onClick=${() => onPick(value)}>${money(value)}</button>`)}
  </div>`;
}

function Card({ method, card, onChange }) {
  const set = (name) => (event) => onChange({ ...card, [name]: event.target.value });
  return html`<div class="form-grid card-fields">
    ${method === "card" && html`<${Field} label=${t("card_brand")} value=${card.card_brand} maxlength="20" onInput=${set("card_brand")} />`}
    ${method === "card" && html`<${Field} label=${t("card_last4")} value=${card.card_last4} inputmode="numeric" maxlength="4" pattern="[0-9]{4}" onInput=${set("card_last4")} />`}
    <${Field} label=${t("reference")} value=${card.reference} maxlength="60" onInput=${set("reference")} />
  </div>`;
}

function Outcome({ ahead }) {
  if (!ahead || ahead.error) return html`<p class="outcome" aria-live="polite"><span>${t("change")}</span><output>–</output></p>`;
  const short = compare(ahead.missing, "0") > 0;
  return html`<p class=${`outcome ${short ? "short" : ""}`} aria-live="polite">
    <span>${short ? t("then_due") : t("change")}</span><output data-outcome>${money(short ? ahead.missing : ahead.change)}</output></p>`;
}

function Complete({ ahead, looking }) {
  const short = ahead && !ahead.error && compare(ahead.missing, "0") > 0;
  const busy = state.busy.value || looking;
  return html`<button type="submit" class="pay complete" aria-busy=${busy ? "true" : undefined} aria-disabled=${busy ? "true" : undefined}>
    ${looking ? t("looking_up") : busy ? t("sending") : short ? t("add_payment") : t("complete")}<${Kbd}>Enter</${Kbd}>
  </button>`;
}

/** What has changed since the items were scanned; paying goes on only when someone has seen it. */
export function Changes({ changes, before, after }) {
  const agree = () => {
    state.dialog.value = null;
    dispatch("pay_cash");
  };
  return html`<${Dialog} title=${t("prices_changed")}>
    <p>${t("prices_changed_text")}</p>
    <ul class="changes">
      ${changes.map((one) => html`<li key=${one.name}><span>${one.name}</span><s>${money(one.before)}</s><b>${one.after === null ? t("gone") : money(one.after)}</b></li>`)}
      <li class="sum"><span>${t("total")}</span>${before && html`<s>${money(before)}</s>`}<b>${money(after ?? "0")}</b></li>
    </ul>
    <footer>
      <button type="button" class="secondary" data-close>${t("back")}</button>
      <button type="button" data-first onClick=${agree}>${t("pay_new_total")}</button>
    </footer>
  </${Dialog}>`;
}
