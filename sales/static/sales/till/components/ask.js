/** Small questions: how many, what discount, which price, a note, are you sure. */

import { useState } from "preact/hooks";
import { clearTicket } from "till/commands";
import { figures, changeLine, lineOf, quantityProblem } from "till/cart";
import { compare, fixed, trim, typed } from "till/decimal";
import { scan } from "till/finding";
import { looksLikeBarcode } from "till/scan";
import * as state from "till/state";
import { setDiscount, setNote, setPrice, setQuantity, setSaleDiscount, mayTakeOff } from "till/ticket";
import { editable, money, money_of, problemText, t } from "till/text";
import { NeedsApproval } from "till/components/supervisor";
import { Choices, Dialog, Field, Form, Kbd, html } from "till/components/ui";

const close = () => (state.dialog.value = null);

const Foot = ({ label = t("apply"), children }) => html`<footer>${children}
  <button type="button" class="secondary" data-close>${t("back")}</button>
  <button type="submit">${label}<${Kbd}>Enter</${Kbd}></button>
</footer>`;

export function Quantity({ key_ }) {
  const line = lineOf(state.cart.value, key_);
  const [text, setText] = useState(editable(line.quantity));
  const [error, setError] = useState("");
  const submit = () => {
    if (looksLikeBarcode(text)) {
      // Someone scanned while this was open: the scan counts, the question is over.
      close();
      return scan(text);
    }
    const value = typed(text);
    const problem = quantityProblem(line.item, value);
    if (problem) return setError(t(problem, { name: line.item.name }));
    if (compare(value, line.quantity) < 0 && !mayTakeOff()) return setError(t("not_allowed"));
    setQuantity(key_, value);
    close();
  };
  return html`<${Dialog} title=${line.item.name} kind="small-dialog">
    <${Form} onSubmit=${submit}>
      <${Field} kind="amount-field" label=${t("quantity")} first inputmode=${line.item.allow_decimal ? "decimal" : "numeric"} value=${text} error=${error}
        hint=${line.item.unit} onInput=${(event) => setText(event.target.value)} />
      <${Foot} />
    </${Form}>
  </${Dialog}>`;
}

/** What a percentage or an amount would leave; on a line, or on the sale where there is no key. */
function tried(key, discount) {
  const cart = state.cart.value;
  const next = key ? changeLine(cart, key, { discount }) : { ...cart, discount };
  return figures(next, money_of.value.digits);
}

const PERCENTS = ["5", "10", "15", "20", "50"];

export function Discount({ key_ }) {
  const { digits } = money_of.value;
  const line = key_ ? lineOf(state.cart.value, key_) : null;
  const now = line ? line.discount : state.cart.value.discount;
  const [kind, setKind] = useState(now?.kind ?? "percent");
  const [text, setText] = useState(now ? editable(now.value) : "");
  const value = typed(text, kind === "percent" ? 4 : digits);
  const none = text.trim() === "" || (value !== null && compare(value, "0") === 0);
  const discount = none || value === null ? null : { kind, value: kind === "percent" ? trim(value) : fixed(value, digits) };
  const outcome = discount ? tried(key_, discount) : null;
  const error = value === null && !none ? t("bad_amount") : outcome?.error ? problemText(outcome.error) : "";
  const set = (chosen) => {
    if (line) setDiscount(key_, chosen);
    else setSaleDiscount(chosen);
    close();
  };
  const submit = () => !error && set(discount);
  return html`<${Dialog} title=${line ? t("discount_on", { name: line.item.name }) : t("sale_discount")} kind="small-dialog">
    <${Form} onSubmit=${submit}>
      <${Choices} label=${t("discount_kind")} name="kind" value=${kind} onChange=${setKind}
        options=${[{ value: "percent", label: t("percent"), icon: "percent" }, { value: "fixed", label: t("amount"), icon: "banknote" }]} />
      <${Field} kind="amount-field" label=${kind === "percent" ? t("percent") : t("amount")} first inputmode="decimal" value=${text} error=${error}
        onInput=${(event) => setText(event.target.value)} />
      ${kind === "percent" && html`<div class="notes" role="group" aria-label=${t("percents_label")}>
        ${PERCENTS.map((one) => html`<button type="button" class="secondary" key=${one} onClick=${() => setText(one)}>${one}%</button>`)}</div>`}
      <${NeedsApproval} permission=${line ? "sell.discount" : "sell.discount_whole"} />
      <p class="outcome" aria-live="polite"><span>${t("new_total")}</span><output>${money((outcome ?? state.sums.value).priced?.total ?? "0")}</output></p>
      <${Foot}>${now && html`<button type="button" class="quiet danger" onClick=${() => set(null)}>${t("no_discount")}</button>`}</${Foot}>
    </${Form}>
  </${Dialog}>`;
}

export function Price({ key_ }) {
  const line = lineOf(state.cart.value, key_);
  const own = line.unit_price !== null;
  const [text, setText] = useState(editable(line.unit_price ?? line.item.price, money_of.value.digits));
  const [error, setError] = useState("");
  const set = (value) => {
    setPrice(key_, value);
    close();
  };
  const submit = () => {
    const value = typed(text);
    if (value === null) return setError(t("bad_amount"));
    set(compare(value, line.item.price) === 0 ? null : value);
  };
  return html`<${Dialog} title=${line.item.name} kind="small-dialog">
    <${Form} onSubmit=${submit}>
      <${Field} kind="amount-field" label=${t("price")} first inputmode="decimal" value=${text} error=${error}
        hint=${t("usual_price", { price: money(line.item.price) })} onInput=${(event) => setText(event.target.value)} />
      <${NeedsApproval} permission="sell.price_override" />
      <${Foot}>${own && html`<button type="button" class="quiet" onClick=${() => set(null)}>${t("usual_price_again")}</button>`}</${Foot}>
    </${Form}>
  </${Dialog}>`;
}

export function NoteDialog() {
  const [text, setText] = useState(state.cart.value.note);
  const submit = () => {
    setNote(text.trim());
    close();
  };
  return html`<${Dialog} title=${t("note")} kind="small-dialog">
    <${Form} onSubmit=${submit}>
      <${Field} label=${t("note_label")} first maxlength="500" value=${text} onInput=${(event) => setText(event.target.value)} />
      <${Foot} />
    </${Form}>
  </${Dialog}>`;
}

export function Clear() {
  const submit = () => {
    close();
    clearTicket();
  };
  return html`<${Dialog} title=${t("clear_ticket")} kind="small-dialog">
    <${Form} onSubmit=${submit}>
      <p>${t("clear_text")}</p>
      <footer><button type="button" class="secondary" data-close>${t("back")}</button>
        <button type="submit" class="danger" data-first>${t("clear_ticket")}<${Kbd}>Enter</${Kbd}></button></footer>
    </${Form}>
  </${Dialog}>`;
}
