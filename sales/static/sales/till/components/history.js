/** The sales of this shift, and those that are not recorded yet. */

import { useEffect, useState } from "preact/hooks";
import { mayAsk } from "till/approval";
import { print, printWaiting } from "till/commands";
import { compare } from "till/decimal";
import { flush, sales as box, takeBack, voidRequest } from "till/paying";
import { noteSignOut, server } from "till/server";
import * as state from "till/state";
import { forget } from "till/finding";
import { clock, money, t } from "till/text";
import { NeedsApproval, Supervisor } from "till/components/supervisor";
import { Button, Dialog, Field, Form, Icon, Kbd, Note, html } from "till/components/ui";

const time = (moment) => clock(new Date(moment), state.me.value.business.time_zone);

export function Sales() {
  const [sales, setSales] = useState(null);
  const [error, setError] = useState("");
  const [voiding, setVoiding] = useState(null);
  const load = async () => {
    try {
      const { results } = await server.get("sales", { register: state.register_id.value });
      setSales(results.filter((sale) => new Date(sale.sold_at) >= new Date(state.shift.value.opened_at)));
    } catch (failure) {
      if (!noteSignOut(failure)) setError(failure.fields ? failure.message : t("unreachable"));
    }
  };
  useEffect(() => void load(), []);
  if (voiding) {
    const back = () => setVoiding(null);
    return html`<${Void} sale=${voiding} onDone=${() => { back(); load(); }} onBack=${back} />`;
  }
  return html`<${Dialog} title=${t("recent_sales")} kind="wide">
    ${error && html`<${Note} icon="cloud-off">${error}</${Note}>`}
    ${!error && sales === null && html`<p class="muted" aria-busy="true">${t("loading")}</p>`}
    ${sales?.length === 0 && html`<p class="muted">${t("no_sales")}</p>`}
    <ul class="history">${sales?.map((sale) => html`<${Row} key=${sale.id} sale=${sale} onVoid=${() => setVoiding(sale)} />`)}</ul>
  </${Dialog}>`;
}

function Row({ sale, onVoid }) {
  const open = sale.kind === "sale" && !sale.voided_by && !sale.refunded_by.length;
  const left = sale.lines.some((line) => Number(line.refundable) > 0);
  const mayReturn = left && (state.may("sell.refund") || state.may("sell.exchange"));
  return html`<li class=${open || left ? "" : "off"}>
    <span class="what"><strong>${sale.number}</strong><small>${time(sale.sold_at)} · ${sale.operator}</small></span>
    ${sale.kind === "void" && html`<span class="badge danger">${t("is_void")}</span>`}
    ${sale.kind === "refund" && html`<span class="badge warning">${t("is_refund")}</span>`}
    ${sale.kind === "exchange" && html`<span class="badge">${t("is_exchange")}</span>`}
    ${sale.refunded_by.length > 0 && html`<span class="badge warning">${left ? t("partly_refunded") : t("refunded")}</span>`}
    ${sale.voided_by && html`<span class="badge danger">${t("voided")}</span>`}
    <b>${money(sale.total)}</b>
    <${Button} icon="printer" kind="quiet" hidden=${!state.may("sell.reprint")} onClick=${() => print(sale)}>${t("print")}</${Button}>
    ${mayReturn && html`<a class="button quiet" href=${sale.receipt_url.replace(/receipt\/$/, "refund/")} target="_blank" rel="noopener"><${Icon} name="undo-2" />${t("refund")}</a>`}
    <${Button} icon="ban" kind="quiet danger" hidden=${!open || !mayAsk("sell.void")} onClick=${onVoid}>${t("void")}</${Button}>
  </li>`;
}

function Void({ sale, onDone, onBack }) {
  const [send] = useState(() => voidRequest(sale));
  const [reason, setReason] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const submit = async (approval) => {
    if (busy) return;
    if (!reason.trim()) return setError(t("say_why"));
    if (!approval && !state.may("sell.void")) return setAsking(true);
    setBusy(true);
    try {
      await send(reason.trim(), approval);
      forget();
      onDone();
    } catch (failure) {
      setBusy(false);
      if (!noteSignOut(failure)) setError(failure.fields ? failure.message : t("unreachable"));
    }
  };
  if (asking) {
    const go = ({ approval }) => {
      setAsking(false);
      submit(approval);
    };
    return html`<${Supervisor} permissions=${["sell.void"]} then=${go} onBack=${() => setAsking(false)} />`;
  }
  return html`<${Dialog} title=${t("void_sale", { number: sale.number })} onClose=${onBack}>
    <${Form} onSubmit=${() => submit()}>
      <p>${t("void_text", { total: money(sale.total) })}</p>
      <${NeedsApproval} permission="sell.void" />
      <${Field} label=${t("reason")} first maxlength="200" value=${reason} error=${error} onInput=${(event) => setReason(event.target.value)} />
      <footer><button type="button" class="secondary" data-close>${t("back")}</button>
        <button type="submit" class="danger" aria-busy=${busy ? "true" : undefined}>${t("void")}<${Kbd}>Enter</${Kbd}></button></footer>
    </${Form}>
  </${Dialog}>`;
}

/** Sales that the server has not confirmed, and those it refused after the customer had gone. */
export function Waiting() {
  const entries = state.waiting.value;
  const drop = (entry) => confirm(t("drop_confirm", { total: money(entry.total) })) && box.remove(entry.id);
  return html`<${Dialog} title=${t("waiting_title")} kind="wide">
    ${entries.length === 0 ? html`<p class="muted">${t("nothing_waits")}</p>` : html`<p>${t("waiting_text")}</p>`}
    <ul class="history">${entries.map((entry) => html`<li key=${entry.id}>
      <span class="what"><strong>${entry.number ?? time(entry.created)}</strong>
        <small class=${entry.state === "refused" ? "negative" : ""}>${entry.state === "refused" ? entry.error.message : t("waits")}</small></span>
      <b>${money(entry.total)}</b>
      ${entry.state === "waiting" && entry.offline && html`<${Button} icon="printer" kind="quiet" onClick=${() => printWaiting(entry.id)}>${t("print")}</${Button}>`}
      ${entry.state === "refused" && html`<${Button} icon="undo-2" kind="secondary" onClick=${() => takeBack(entry)}>${t("take_back")}</${Button}>
        <${Button} icon="trash-2" kind="quiet danger icon-only" label=${t("drop")} onClick=${() => drop(entry)} />`}
    </li>`)}</ul>
    ${state.reviewed.value.length > 0 && html`<h3>${t("review_title")}</h3><p>${t("review_text")}</p>
      <ul class="history">${state.reviewed.value.map((sale) => html`<li key=${sale.id}>
        <span class="what"><strong>${sale.number || t("held_title")}</strong>
          <small>${sale.review.map(({ message }) => message).join(" ")}</small></span></li>`)}</ul>`}
    <footer><button type="button" data-first onClick=${flush}>${t("send_now")}</button></footer>
  </${Dialog}>`;
}
