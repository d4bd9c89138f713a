/** Where one is, who sells, and whether the server is there. */

import { useEffect, useState } from "preact/hooks";
import { dispatch } from "till/commands";
import { leaveRegister } from "till/boot";
import { config } from "till/config";
import * as state from "till/state";
import { clock, t } from "till/text";
import { Catalogue, offlineText } from "till/components/catalogue";
import { mayMoveCash } from "till/components/cash";
import { Button, Icon, html } from "till/components/ui";

export function Header() {
  const { name } = state.register.value;
  return html`<header class="till-head">
    <a class="brand" href=${config.office} aria-label=${t("back_office")} title=${t("back_office")}><img src=${config.logo} alt="" width="32" height="32" /></a>
    <p class="where"><strong>${name}</strong><small>${state.register.value.location.name} · ${t("shift_number", { number: state.shift.value.number })}</small></p>
    <${Connection} />
    <${Catalogue} />
    <span class="spacer"></span>
    <p class="who"><small>${state.me.value.person.name}</small><${Clock} /></p>
    <${Menu} />
  </header>`;
}

function Clock() {
  const zone = state.me.value.business.time_zone;
  const [now, setNow] = useState(new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 5000);
    return () => clearInterval(timer);
  }, []);
  return html`<time>${clock(now, zone)}</time>`;
}

function Connection() {
  const online = state.connected.value;
  const entries = state.waiting.value;
  const refused = entries.some((entry) => entry.state === "refused");
  return html`<span class="connection" role="status">
    <span class=${`pill ${online ? "ok" : "off"}`}>${online ? html`<i></i>` : html`<${Icon} name="cloud-off" />`}<span>${online ? t("online") : t("offline")}</span></span>
    ${entries.length > 0 && html`<button type="button" class=${`pill ${refused ? "off" : "waits"}`} data-count=${entries.length} onClick=${() => dispatch("waiting")}>
      <${Icon} name=${refused ? "triangle-alert" : "clock"} /><span>${t("waiting_count", { count: entries.length })}</span></button>`}
    ${state.reviewed.value.length > 0 && html`<button type="button" class="pill waits" data-count=${state.reviewed.value.length} onClick=${() => dispatch("waiting")}>
      <${Icon} name="triangle-alert" /><span>${t("review_count", { count: state.reviewed.value.length })}</span></button>`}
  </span>`;
}

function Menu() {
  const choose = (work) => (event) => {
    event.target.closest("details").open = false;
    work();
  };
  const item = (icon, label, work) => html`<li><button type="button" onClick=${choose(work)}><${Icon} name=${icon} />${label}</button></li>`;
  const sees = state.may("sell.view_own") || state.may("sell.view");
  return html`<details class="menu end">
    <summary class="button quiet icon-only" aria-label=${t("menu")}><${Icon} name="menu" /></summary>
    <ul>
      ${sees && item("receipt", t("recent_sales"), () => dispatch("sales"))}
      ${mayMoveCash() && item("banknote", t("cash_move"), () => dispatch("cash"))}
      ${(state.may("shift.close") || state.may("shift.close_any")) && item("lock", t("close_shift"), () => dispatch("close_shift"))}
      ${state.me.value.registers.length > 1 && item("monitor", t("other_register"), () => leaveRegister())}
      ${item("keyboard", t("keys"), () => dispatch("help"))}
      <li class="segmented" role="group" aria-label=${t("colours")}>
        ${[["light", "sun", t("light")], ["auto", "monitor", t("auto")], ["dark", "moon", t("dark")]].map(
          ([choice, icon, label]) => html`<button type="button" data-theme-choice=${choice} aria-pressed=${String(choice === (document.documentElement.dataset.theme ?? "auto"))} aria-label=${label}><${Icon} name=${icon} /></button>`,
        )}
      </li>
      <li class="divider" role="separator"></li>
      <${Catalogue} as="li" />
      <li><a href=${config.office}><${Icon} name="layout-dashboard" />${t("back_office")}</a></li>
    </ul>
  </details>`;
}

/** What the server's absence means for the work. */
export function Strip() {
  if (state.connected.value) return null;
  return html`<div class="strip warning" role="alert"><${Icon} name="cloud-off" /><span>${offlineText()}</span>
    <${Button} kind="secondary" icon="refresh-cw" onClick=${() => dispatch("waiting")}><span>${t("waiting_title")}</span></${Button}></div>`;
}
