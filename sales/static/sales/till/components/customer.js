/** Who buys: found by name or phone, or written down now. */

import { useEffect, useState } from "preact/hooks";
import { knowCredit } from "till/credit";
import { compare } from "till/decimal";
import { noteSignOut, server } from "till/server";
import * as state from "till/state";
import { setCustomer } from "till/ticket";
import { money, t } from "till/text";
import { Dialog, Field, Form, Icon, Kbd, Note, html } from "till/components/ui";

const PAUSE_MS = 150;

function choose(customer) {
  setCustomer(customer && { id: customer.id, name: customer.name });
  if (customer) knowCredit(customer);
  state.dialog.value = null;
}

const creditOf = ({ credit }) =>
  credit && compare(credit, "0") > 0 && t("credit_of", { credit: money(credit) });

export function Customer() {
  const [making, setMaking] = useState(null);
  if (making !== null) return html`<${NewCustomer} name=${making} />`;
  return html`<${FindCustomer} onNew=${setMaking} />`;
}

function FindCustomer({ onNew }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState([]);
  const [active, setActive] = useState(0);
  const [error, setError] = useState("");
  useEffect(() => {
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const { results } = await server.get("customers", { q: text.trim() });
        if (!current) return;
        setFound(results);
        setActive(0);
        setError("");
      } catch (failure) {
        if (current && !noteSignOut(failure)) setError(t("unreachable"));
      }
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const onKey = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !found.length) return;
    event.preventDefault();
    setActive((active + step + found.length) % found.length);
  };
  const submit = () => found[active] && choose(found[active]);
  return html`<${Dialog} title=${t("customer")}>
    <${Form} onSubmit=${submit} onKeyDown=${onKey}>
      <${Field} label=${t("customer_search")} first type="search" value=${text} onInput=${(event) => setText(event.target.value)} />
      ${error && html`<${Note} icon="cloud-off">${error}</${Note}>`}
      <ul class="people" role="listbox" aria-label=${t("customers_label")}>
        ${found.map((one, index) => html`<li key=${one.id} role="option" aria-selected=${String(index === active)} onClick=${() => choose(one)}>
          <${Icon} name="user" /><strong>${one.name}</strong><small>${[one.phone, one.email, creditOf(one)].filter(Boolean).join(" · ")}</small></li>`)}
      </ul>
      ${!found.length && text.trim() && !error && html`<p class="muted">${t("no_customer")}</p>`}
      <footer>
        ${state.cart.value.customer && html`<button type="button" class="quiet danger" onClick=${() => choose(null)}>${t("no_customer_on_sale")}</button>`}
        ${state.may("customer.create") && html`<button type="button" class="secondary" onClick=${() => onNew(text.trim())}>${t("new_customer")}</button>`}
        <button type="submit" disabled=${!found.length}>${t("choose")}<${Kbd}>Enter</${Kbd}></button>
      </footer>
    </${Form}>
  </${Dialog}>`;
}

function NewCustomer({ name }) {
  const digits = /^[+\d\s()-]{5,}$/.test(name);
  const [person, setPerson] = useState({ name: digits ? "" : name, phone: digits ? name : "", email: "" });
  const [errors, setErrors] = useState({});
  const [busy, setBusy] = useState(false);
  const set = (field) => (event) => setPerson({ ...person, [field]: event.target.value });
  const submit = async () => {
    if (busy) return;
    if (!person.name.trim()) return setErrors({ name: t("required") });
    setBusy(true);
    try {
      choose(await server.post("customers", person));
    } catch (error) {
      setBusy(false);
      if (!noteSignOut(error)) setErrors({ ...error.fields, all: error.fields ? error.message : t("unreachable") });
    }
  };
  const said = (field) => [errors[field] ?? []].flat().join(" ");
  return html`<${Dialog} title=${t("new_customer")}>
    <${Form} onSubmit=${submit}>
      ${errors.all && html`<${Note}>${errors.all}</${Note}>`}
      <${Field} label=${t("name")} first maxlength="200" value=${person.name} error=${said("name")} onInput=${set("name")} />
      <${Field} label=${t("phone")} type="tel" maxlength="40" value=${person.phone} error=${said("phone")} onInput=${set("phone")} />
      <${Field} label=${t("email")} type="email" maxlength="200" value=${person.email} error=${said("email")} onInput=${set("email")} />
      <footer><button type="button" class="secondary" data-close>${t("back")}</button>
        <button type="submit" aria-busy=${busy ? "true" : undefined}>${t("save_customer")}<${Kbd}>Enter</${Kbd}></button></footer>
    </${Form}>
  </${Dialog}>`;
}
