/** A supervisor's name and PIN, for one thing that the person at the till may not do alone. */

import { useEffect, useRef, useState } from "preact/hooks";
import { approve, supervisorsFor } from "till/approval";
import { noteSignOut } from "till/server";
import * as state from "till/state";
import { t } from "till/text";
import { Dialog, Field, Form, Kbd, Note, html } from "till/components/ui";

/** `then` gets the approval; `onBack` is where the way back leads, from a dialog within a dialog. */
export function Supervisor({ permissions, then, onBack }) {
  const [people, setPeople] = useState(null);
  const [person, setPerson] = useState("");
  const [pin, setPin] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef(null);
  const fail = (failure) => {
    if (!noteSignOut(failure)) setError(failure.fields ? failure.message : t("unreachable"));
  };
  useEffect(() => {
    supervisorsFor(permissions).then((found) => {
      setPeople(found);
      setPerson(found.length === 1 ? found[0].id : "");
    }, fail);
  }, []);
  // As soon as there is something to fill in: the name, or the PIN of the only one.
  useEffect(() => form.current?.querySelector(person ? "input" : "select")?.focus(), [people, person]);
  const submit = async () => {
    if (busy || !people?.length) return;
    if (!person) return setError(t("supervisor_choose"));
    if (!pin) return setError(t("supervisor_no_pin"));
    setBusy(true);
    try {
      const approval = await approve(person, pin, permissions);
      then(approval);
    } catch (failure) {
      setBusy(false);
      setPin("");
      fail(failure);
    }
  };
  return html`<${Dialog} title=${t("supervisor_ask")} kind="small-dialog" onClose=${onBack}>
    <${Form} onSubmit=${submit}>
      <div ref=${form}>
        <p>${t("supervisor_text")}</p>
        ${people === null && !error && html`<p class="muted" aria-busy="true">${t("loading")}</p>`}
        ${people?.length === 0 && html`<${Note} level="warning">${t("supervisor_nobody")}</${Note}>`}
        ${people?.length > 0 && html`<div class="field">
            <label for="supervisor">${t("supervisor_name")}</label>
            <select id="supervisor" value=${person} onChange=${(event) => { setPerson(event.target.value); setError(""); }}>
              <option value="">${t("choose")}</option>
              ${people.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}
            </select></div>
          <${Field} label=${t("supervisor_pin")} type="password" inputmode="numeric" maxlength="8" value=${pin}
            onInput=${(event) => { setPin(event.target.value); setError(""); }} />`}
        ${error && html`<${Note}>${error}</${Note}>`}
      </div>
      <footer><button type="button" class="secondary" data-close>${t("back")}</button>
        <button type="submit" disabled=${!people?.length} aria-busy=${busy ? "true" : undefined}>${t("supervisor_approve")}<${Kbd}>Enter</${Kbd}></button></footer>
    </${Form}>
  </${Dialog}>`;
}

/** The note in a dialog about something that will have to be approved. */
export const NeedsApproval = ({ permission }) =>
  state.may(permission) ? null : html`<p class="hint">${t("supervisor_later")}</p>`;
