/** The whole screen: a gate, or the ticket with its totals. */

import * as state from "till/state";
import { t } from "till/text";
import { Clear, Discount, NoteDialog, Price, Quantity } from "till/components/ask";
import { Cash } from "till/components/cash";
import { Customer } from "till/components/customer";
import { Done, Ready } from "till/components/done";
import { Header, Strip } from "till/components/header";
import { Help } from "till/components/help";
import { Sales, Waiting } from "till/components/history";
import { Lines, Tools } from "till/components/lines";
import { Changes, Pay } from "till/components/pay";
import { Paper } from "till/components/paper";
import { ScanBar } from "till/components/scanbar";
import { CloseShift, Elsewhere, Failed, Loading, OpenShift, Registers, SignedOut } from "till/components/shift";
import { Supervisor } from "till/components/supervisor";
import { BottomBar, Extras, Figures, Totals } from "till/components/totals";
import { Dialog, html } from "till/components/ui";

const GATES = {
  loading: Loading,
  failed: Failed,
  registers: Registers,
  shift: OpenShift,
  elsewhere: Elsewhere,
  moved: Elsewhere,
};

const DIALOGS = {
  pay: Pay,
  changes: Changes,
  quantity: Quantity,
  discount: Discount,
  price: Price,
  note: NoteDialog,
  clear: Clear,
  customer: Customer,
  sales: Sales,
  waiting: Waiting,
  close_shift: CloseShift,
  cash: Cash,
  help: Help,
  ticket: TicketOptions,
  supervisor: Supervisor,
};

export function App() {
  const Gate = GATES[state.phase.value];
  return html`${state.signedOut.value && html`<${SignedOut} />`}
    ${Gate ? html`<${Gate} />` : html`<${Till} />`}
    <p class="visually-hidden" role="status" aria-live="polite" data-announce>${state.announcement.value}</p>
    <${OpenDialog} />
    <${Paper} />`;
}

function OpenDialog() {
  const open = state.dialog.value;
  if (!open) return null;
  const { name, key, ...more } = open;
  return html`<${DIALOGS[name]} key=${name} key_=${key} ...${more} />`;
}

function Till() {
  const empty = state.cart.value.lines.length === 0 && state.pending.value.length === 0;
  return html`<${Header} />
    <${Strip} />
    <main class="till" id="content">
      <section class="ticket" aria-label=${t("ticket_label")}>
        <${ScanBar} />
        <div class="scroll">${!empty ? html`<${Lines} />` : state.done.value ? html`<${Done} />` : html`<${Ready} />`}</div>
        <${Tools} />
      </section>
      <${Totals} />
    </main>
    <${BottomBar} />`;
}

/** The totals panel of a phone, which has no room for it beside the ticket. */
function TicketOptions() {
  return html`<${Dialog} title=${t("ticket_options")} kind="sheet"><${Extras} /><${Figures} /></${Dialog}>`;
}
