/** The scan field, what was found for words, and what went wrong. */

import { useEffect, useRef, useState } from "preact/hooks";
import { addFromList, clearField, listIsOpen, moveInList, scan, typedText } from "till/finding";
import { focusScan, scanField, wantKeyboard } from "till/focus";
import { awaitsCode, looksLikeBarcode, paceMeter, pastedCodes } from "till/scan";
import * as state from "till/state";
import { money, quantity, t } from "till/text";
import { Button, Icon, Kbd, Note, html } from "till/components/ui";

const pace = paceMeter();

/** Take what is typed: the marked product, or a code. "3*" alone waits for its code. */
export function enter() {
  const input = state.query.value;
  const byScanner = pace.isScanner() || looksLikeBarcode(input);
  pace.reset();
  if (listIsOpen() && !byScanner) return addFromList();
  if (!input.trim() || awaitsCode(input)) return;
  clearField();
  scan(input, { words: !byScanner });
}

export function ScanBar() {
  const ref = useRef(null);
  useEffect(() => {
    scanField(ref.current);
    focusScan();
  }, []);
  const onInput = (event) => {
    if (event.target.value === "") pace.reset();
    typedText(event.target.value);
  };
  const onPaste = (event) => {
    const codes = pastedCodes(event.clipboardData.getData("text"));
    if (!codes || (codes.length > 1 && state.query.value)) return;
    event.preventDefault();
    const before = state.query.value;
    clearField();
    codes.forEach((code) => scan(before + code, { words: codes.length === 1 }));
  };
  const found = state.results.value;
  const open = Boolean(found) && found.text === state.query.value;
  const active = open && found.items.length ? `result-${found.active}` : undefined;
  return html`<div class=${`scanbar ${open ? "open" : ""}`}>
    <div class="scanfield">
      <${Icon} name="scan-barcode" />
      <input ref=${ref} type="search" data-scan data-search role="combobox" aria-label=${t("scan_label")}
        placeholder=${t("scan_placeholder")} autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck=${false}
        enterkeyhint="done" aria-keyshortcuts="F2" aria-autocomplete="list" aria-controls="results"
        aria-expanded=${String(open)} aria-activedescendant=${active}
        value=${state.query.value} onKeyDown=${pace.key} onInput=${onInput} onPaste=${onPaste} onPointerDown=${wantKeyboard} />
      ${state.query.value
        ? html`<${Button} icon="x" kind="quiet icon-only" label=${t("clear")} onClick=${clearField} />`
        : html`<${Kbd}>F2</${Kbd}>`}
    </div>
    ${open && html`<${Results} found=${found} />`}
    <${Notice} />
  </div>`;
}

function Notice() {
  const notice = state.notice.value;
  if (!notice) return null;
  return html`<div class=${`notice ${notice.level}`} role="alert" key=${notice.text}>
    <${Icon} name=${{ danger: "circle-alert", success: "circle-check" }[notice.level] ?? "triangle-alert"} />
    <span>${notice.text}</span>
    <${Button} icon="x" kind="quiet icon-only" label=${t("close")} onClick=${() => (state.notice.value = null)} />
  </div>`;
}

function Results({ found }) {
  if (found.error) return html`<div class="results"><${Note} icon="cloud-off">${t("search_unreachable")}</${Note}></div>`;
  if (!found.items.length) {
    return html`<div class="results"><p class="no-results">${t("nothing_found", { text: found.text })}</p></div>`;
  }
  return html`<ul class="results" id="results" role="listbox" aria-label=${t("results_label")}>
    ${found.items.map((item, index) => html`<${Result} key=${item.id} item=${item} index=${index} active=${index === found.active} />`)}
  </ul>`;
}

function Result({ item, index, active }) {
  const ref = useRef(null);
  useEffect(() => {
    if (active) ref.current.scrollIntoView({ block: "nearest" });
  }, [active]);
  const add = (event) => {
    event.preventDefault();
    addFromList(index);
    focusScan();
  };
  return html`<li ref=${ref} id=${`result-${index}`} role="option" aria-selected=${String(active)} onClick=${add}
    onPointerMove=${() => !active && moveInList(index - state.results.value.active)}>
    <${Thumb} item=${item} />
    <span class="what"><strong>${item.name}</strong><small>${[item.sku, item.category].filter(Boolean).join(" · ")}</small></span>
    <${Stock} item=${item} />
    <span class="price">${money(item.price)}</span>
  </li>`;
}

export function Thumb({ item }) {
  const [missing, setMissing] = useState(null);
  // Without a line there are the pictures that the browser has kept, and letters for the others.
  return item.image && item.image !== missing
    ? html`<img class="thumb" src=${item.image} alt="" loading="lazy" width="44" height="44" onError=${() => setMissing(item.image)} />`
    : html`<span class="thumb" aria-hidden="true">${item.name.slice(0, 1).toUpperCase()}</span>`;
}

function Stock({ item }) {
  if (!item.is_stocked || item.stock === null) return html`<span class="stock"></span>`;
  const none = !(Number(item.stock) > 0);
  return html`<span class=${`stock ${none ? "none" : ""}`}>
    ${none ? t("stock_none") : t("stock_here", { count: quantity(item.stock), unit: item.unit ?? "" })}</span>`;
}
