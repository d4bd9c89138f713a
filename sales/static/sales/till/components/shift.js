/** Before and after selling: which register, the float, the count at the end. */

import { useLayoutEffect, useState } from "preact/hooks";
import { afterShift, chooseRegister, closeShift, leaveRegister, openShift, signIn, start } from "till/boot";
import { config } from "till/config";
import { compare, fixed, typed } from "till/decimal";
import { noteSignOut } from "till/server";
import * as state from "till/state";
import { clock, editable, money, money_of, t } from "till/text";
import { Dialog, Field, Form, Icon, Kbd, Note, html } from "till/components/ui";

function Gate({ icon, title, children }) {
  return html`<main class="gate" id="content"><section class="card">
    <p class="gate-icon"><${Icon} name=${icon} /></p><h1>${title}</h1>${children}
    <p class="gate-foot"><a href=${config.office}><${Icon} name="layout-dashboard" />${t("back_office")}</a></p>
  </section></main>`;
}

export const Loading = () => html`<main class="gate" id="content"><p class="muted" aria-busy="true">${t("loading")}</p></main>`;

export function Failed() {
  return html`<${Gate} icon="cloud-off" title=${t("cannot_open")}>
    <p>${state.failure.value}</p><button type="button" onClick=${start}>${t("try_again")}</button>
  </${Gate}>`;
}

export function Registers() {
  const { registers } = state.me.value;
  return html`<${Gate} icon="monitor" title=${t("choose_register")}>
    ${registers.length === 0 && html`<p>${t("no_registers")}</p>`}
    <ul class="registers">${registers.map((one) => html`<li key=${one.id}>
      <button type="button" class="secondary" onClick=${() => chooseRegister(one.id)}>
        <span><strong>${one.name}</strong><small>${one.location.name}</small></span>
        <small class=${one.shift ? "positive" : "muted"}>${one.shift ? t("shift_of", { name: one.shift.opened_by }) : t("no_shift")}</small>
      </button></li>`)}</ul>
  </${Gate}>`;
}

export function Elsewhere() {
  const moved = state.phase.value === "moved";
  const here = () => (moved ? location.reload() : chooseRegister(state.register_id.value, { steal: true }));
  return html`<${Gate} icon="monitor" title=${t("other_tab")}>
    <p>${moved ? t("moved_text") : t("other_tab_text")}</p>
    <button type="button" onClick=${here}>${t("use_here")}</button>
  </${Gate}>`;
}

/** Nobody's shift is open here: count the float and begin. */
export function OpenShift() {
  const { digits } = money_of.value;
  const [text, setText] = useState(editable("0", digits));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const register = state.register.value;
  useLayoutEffect(() => document.querySelector(".gate [data-first]")?.select(), []);
  const submit = async () => {
    const amount = typed(text, digits);
    if (busy) return;
    if (amount === null) return setError(t("bad_amount"));
    setBusy(true);
    try {
      await openShift(fixed(amount, digits));
    } catch (failure) {
      setBusy(false);
      if (!noteSignOut(failure)) setError(failure.fields ? failure.message : t("unreachable"));
    }
  };
  return html`<${Gate} icon="clock" title=${t("open_shift")}>
    <p class="muted">${register.name} · ${register.location.name}</p>
    ${state.notice.value && html`<${Note} level=${state.notice.value.level}>${state.notice.value.text}</${Note}>`}
    ${!state.may("shift.open")
      ? html`<p>${t("no_shift_permission")}</p>`
      : html`<${Form} onSubmit=${submit}>
          <${Field} kind="amount-field" first label=${t("float")} hint=${t("float_hint")} inputmode="decimal" value=${text} error=${error} onInput=${(event) => setText(event.target.value)} />
          <button type="submit" class="pay" aria-busy=${busy ? "true" : undefined}>${t("open_shift")}<${Kbd}>Enter</${Kbd}></button>
        </${Form}>`}
    ${state.me.value.registers.length > 1 && html`<p><button type="button" class="quiet" onClick=${() => leaveRegister()}>${t("other_register")}</button></p>`}
  </${Gate}>`;
}

/** The drawer is counted without being told what should be in it. */
export function CloseShift() {
  const { digits } = money_of.value;
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [closed, setClosed] = useState(null);
  const waits = state.waiting.value.length > 0;
  const submit = async () => {
    const amount = typed(text, digits);
    if (busy) return;
    if (amount === null) return setError(t("bad_amount"));
    setBusy(true);
    try {
      setClosed(await closeShift(fixed(amount, digits), note.trim()));
    } catch (failure) {
      setBusy(false);
      if (!noteSignOut(failure)) setError(failure.fields ? failure.message : t("unreachable"));
    }
  };
  if (closed) return html`<${Closed} shift=${closed} />`;
  return html`<${Dialog} title=${t("close_shift")}>
    <${Form} onSubmit=${submit}>
      ${waits && html`<${Note} icon="cloud-off">${t("close_waits")}</${Note}>`}
      ${state.cart.value.lines.length > 0 && html`<${Note} level="warning" icon="triangle-alert">${t("close_ticket_left")}</${Note}>`}
      <p>${t("close_text", { number: state.shift.value.number, since: clock(new Date(state.shift.value.opened_at), state.me.value.business.time_zone) })}</p>
      <${Field} kind="amount-field" label=${t("counted")} first inputmode="decimal" value=${text} error=${error} hint=${t("counted_hint")} onInput=${(event) => setText(event.target.value)} />
      <${Field} label=${t("note")} maxlength="500" value=${note} onInput=${(event) => setNote(event.target.value)} />
      <footer><button type="button" class="secondary" data-close>${t("back")}</button>
        <button type="submit" disabled=${waits} aria-busy=${busy ? "true" : undefined}>${t("close_shift")}<${Kbd}>Enter</${Kbd}></button></footer>
    </${Form}>
  </${Dialog}>`;
}

function Closed({ shift }) {
  const go = () => {
    state.dialog.value = null;
    state.done.value = null;
    afterShift();
  };
  const right = compare(shift.difference, "0") === 0;
  return html`<${Dialog} title=${t("shift_closed")} onClose=${go}>
    <dl class="figures">
      <div><dt>${t("expected")}</dt><dd>${money(shift.expected_cash)}</dd></div>
      <div><dt>${t("counted")}</dt><dd>${money(shift.counted_cash)}</dd></div>
      <div class=${right ? "positive" : "negative"}><dt>${t("difference")}</dt><dd>${money(shift.difference)}</dd></div>
    </dl>
    <footer><button type="button" data-first data-close>${t("finish")}<${Kbd}>Enter</${Kbd}></button></footer>
  </${Dialog}>`;
}

/** The session has ended in the middle of work. */
export function SignedOut() {
  return html`<div class="strip danger" role="alert"><${Icon} name="lock" /><span>${t("signed_out")}</span>
    <button type="button" onClick=${signIn}>${t("sign_in")}</button></div>`;
}
