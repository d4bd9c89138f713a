/** Cash into the drawer or out of it without a sale, and opening the drawer; needs the server. */

import { useState } from "preact/hooks";
import { mayAsk } from "till/approval";
import { refresh } from "till/paying";
import { compare, fixed, typed } from "till/decimal";
import { uuid7 } from "till/ids";
import { noteSignOut, server } from "till/server";
import * as state from "till/state";
import { warn } from "till/ticket";
import { money, money_of, t } from "till/text";
import { NeedsApproval, Supervisor } from "till/components/supervisor";
import { Choices, Dialog, Field, Form, Kbd, Note, html } from "till/components/ui";

/** As the server takes them: sales/cash.py. */
export const REASONS = {
  "in": ["change", "bank", "safe", "other"],
  "out": ["expense", "supplier", "change", "other"],
  "drop": ["safe", "bank"],
  "open": ["change", "count", "other"]
};

const permissionFor = (kind) => (kind === "open" ? "cash.open_drawer" : "cash.in_out");
export const mayMoveCash = () => mayAsk("cash.in_out") || mayAsk("cash.open_drawer");

export function Cash() {
  const { digits } = money_of.value;
  const kinds = Object.keys(REASONS).filter((one) => mayAsk(permissionFor(one)));
  // Made once: however often it is sent, cash moves once.
  const [id] = useState(() => uuid7());
  const [kind, setKind] = useState(kinds[0]);
  const [reason, setReason] = useState(REASONS[kinds[0]]?.[0]);
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState({});
  const [busy, setBusy] = useState(false);
  const [large, setLarge] = useState(false);
  const [asking, setAsking] = useState(null);
  // At once, and not as an effect of the change: that could come after a quick Enter's complaint.
  const change = (set) => (value) => {
    setWrong({});
    set(value);
  };
  const choose = change((chosen) => {
    setKind(chosen);
    setReason(REASONS[chosen][0]);
  });
  const lacking = (isLarge) => {
    const names = [permissionFor(kind)];
    if (isLarge) names.push("cash.approve_large_transactions");
    return names.filter((name) => !state.may(name));
  };
  const amount = kind === "open" ? "0" : typed(text, digits);
  const submit = async (approval = null) => {
    if (busy) return;
    if (amount === null || (kind !== "open" && compare(amount, "0") <= 0)) return setWrong({ amount: t("bad_amount") });
    if (reason === "other" && !note.trim()) return setWrong({ note: t("cash_say_why") });
    if (!approval && lacking(large).length) return setAsking(lacking(large));
    setBusy(true);
    try {
      const body = { id, kind, amount: fixed(amount, digits), reason, note: note.trim() };
      const headers = approval ? { "X-Approval": approval.approval } : {};
      await server.post(`shifts/${state.shift.value.id}/cash-movements`, body, headers);
      state.dialog.value = null;
      warn(t("cash_noted", { what: t(`cash_${kind}`), amount: kind === "open" ? "" : money(amount) }), "success");
    } catch (failure) {
      setBusy(false);
      if (noteSignOut(failure)) return;
      if (failure.code === "needs_approval") {
        setLarge(true);
        return setAsking(lacking(true));
      }
      const named = Object.entries(failure.fields ?? {}).map(([field, said]) => [field, [said].flat()[0]]);
      if (failure.code === "invalid" && named.length) setWrong(Object.fromEntries(named));
      else setWrong({ all: failure.code === "id_taken" ? t("cash_before") : failure.fields ? failure.message : t("unreachable") });
      if (failure.code === "shift_closed") refresh().catch(() => {});
    }
  };
  if (asking) {
    const go = (approval) => {
      setAsking(null);
      submit(approval);
    };
    return html`<${Supervisor} permissions=${asking} then=${go} onBack=${() => setAsking(null)} />`;
  }
  return html`<${Dialog} title=${t("cash_move")} kind="small-dialog">
    <${Form} onSubmit=${() => submit()}>
      ${!state.connected.value && html`<${Note} level="warning" icon="cloud-off">${t("cash_offline")}</${Note}>`}
      <${Choices} label=${t("cash_kind")} name="cash-kind" value=${kind} onChange=${choose}
        options=${kinds.map((one) => ({ value: one, label: t(`cash_${one}`) }))} />
      ${kind !== "open" && html`<${Field} kind="amount-field" label=${t("amount")} first inputmode="decimal" value=${text} error=${wrong.amount}
        onInput=${(event) => change(setText)(event.target.value)} />`}
      <div class="field"><label for="cash-reason">${t("cash_reason")}</label>
        <select id="cash-reason" value=${reason} onChange=${(event) => change(setReason)(event.target.value)}>
          ${REASONS[kind].map((one) => html`<option key=${one} value=${one}>${t(`cash_for_${one}`)}</option>`)}
        </select>
        ${wrong.reason && html`<p class="field-error" role="alert">${wrong.reason}</p>`}</div>
      <${Field} label=${t("note")} maxlength="200" value=${note} error=${wrong.note} onInput=${(event) => change(setNote)(event.target.value)} />
      <${NeedsApproval} permission=${permissionFor(kind)} />
      ${wrong.all && html`<${Note}>${wrong.all}</${Note}>`}
      <footer><button type="button" class="secondary" data-close>${t("back")}</button>
        <button type="submit" aria-busy=${busy ? "true" : undefined}>${t("cash_note_it")}<${Kbd}>Enter</${Kbd}></button></footer>
    </${Form}>
  </${Dialog}>`;
}
