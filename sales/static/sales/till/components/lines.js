/** The ticket's lines, and what can be done to the selected one. */

import { useEffect, useRef } from "preact/hooks";
import { mayAsk } from "till/approval";
import { compare, subtract } from "till/decimal";
import { dispatch } from "till/commands";
import * as state from "till/state";
import { mayTakeOff, remove, step } from "till/ticket";
import { money, quantity, t } from "till/text";
import { Thumb } from "till/components/scanbar";
import { Button, Icon, html } from "till/components/ui";

export function Lines() {
  const { lines } = state.cart.value;
  return html`<ol class="lines" aria-label=${t("lines_label")}>
    ${lines.map((line) => html`<${Line} key=${line.key} line=${line} />`)}
    ${state.pending.value.map(
      (scan) => html`<li class="line pending" key=${scan.key}>
        <span class="thumb skeleton"></span>
        <span class="what"><strong>${scan.text}</strong><small>${t("looking_up")}</small></span>
      </li>`,
    )}
  </ol>`;
}

function Line({ line }) {
  const ref = useRef(null);
  const active = state.selected.value === line.key;
  const name = line.item.name;
  const priced = state.sums.value.lines.get(line.key);
  useEffect(() => {
    if (active) ref.current.scrollIntoView({ block: "nearest" });
  }, [active, line.quantity]);
  const select = () => (state.selected.value = line.key);
  const total = priced ? subtract(priced.gross, priced.discount) : null;
  const least = !mayTakeOff() || compare(line.quantity, "1") <= 0;
  return html`<li ref=${ref} class=${`line ${active ? "selected" : ""} ${line.problem ? "wrong" : ""}`}
    aria-current=${active ? "true" : undefined} onClick=${select}>
    <${Thumb} item=${line.item} />
    <span class="what">
      <strong>${name}</strong>
      <small>${line.item.sku}<${Marks} line=${line} priced=${priced} /></small>
      ${line.problem && html`<small class="problem"><${Icon} name="circle-alert" />${problemText(line.problem)}</small>`}
    </span>
    <span class="unit-price">${money(line.unit_price ?? line.item.price)}</span>
    <span class="stepper">
      <${Button} icon="minus" kind="quiet icon-only" label=${t("less_of", { name })} disabled=${least} onClick=${() => step(line.key, -1)} />
      <button type="button" class="quiet amount" aria-label=${t("quantity_of", { name, quantity: quantity(line.quantity) })}
        onClick=${() => { select(); dispatch("quantity"); }}>${quantity(line.quantity)}${line.item.allow_decimal && html`<small>${line.item.unit}</small>`}</button>
      <${Button} icon="plus" kind="quiet icon-only" label=${t("more_of", { name })} onClick=${() => step(line.key, 1)} />
    </span>
    <span class="line-total">${total === null ? "–" : money(total)}</span>
    <${Button} icon="trash-2" kind="quiet icon-only remove" label=${t("remove_line", { name })} disabled=${!mayTakeOff()} onClick=${() => remove(line.key)} />
    ${active && html`<${Tools} kind="in-line" />`}
  </li>`;
}

function Marks({ line, priced }) {
  return html`${line.unit_price !== null && html`<span class="badge warning">${t("own_price")}</span>`}
    ${line.discount && html`<span class="badge success">${line.discount.kind === "percent" ? `−${quantity(line.discount.value)}%` : ""}${priced ? ` −${money(priced.discount)}` : ""}</span>`}`;
}

function problemText(problem) {
  if (problem.code === "out_of_stock") return t("only_here", { count: quantity(problem.available) });
  return problem.code === "gone" ? t("gone") : problem.text;
}

/** The actions on the selected line: below the list on a desk, in the line itself on a phone. */
export function Tools({ kind = "" }) {
  const none = !state.selectedLine.value;
  return html`<div class=${`tools ${kind}`} role="group" aria-label=${t("line_tools")}>
    <${Button} icon="package" kind="secondary" shortcut="F6" disabled=${none} onClick=${() => dispatch("quantity")}>${t("quantity")}</${Button}>
    <${Button} icon="percent" kind="secondary" shortcut="F7" disabled=${none} hidden=${!mayAsk("sell.discount")} onClick=${() => dispatch("line_discount")}>${t("discount")}</${Button}>
    <${Button} icon="tag" kind="secondary" shortcut="F3" disabled=${none} hidden=${!mayAsk("sell.price_override")} onClick=${() => dispatch("price")}>${t("price")}</${Button}>
    <${Button} icon="trash-2" kind="secondary" shortcut="Del" disabled=${none} hidden=${!mayTakeOff()} onClick=${() => dispatch("remove")}>${t("remove")}</${Button}>
  </div>`;
}
