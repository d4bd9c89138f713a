/** The parts that every component uses. */

import { h } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import htm from "htm";
import { config } from "till/config";
import { focusScan } from "till/focus";
import * as state from "till/state";
import { t } from "till/text";

export const html = htm.bind(h);

export const Icon = ({ name }) =>
  html`<svg class="icon" aria-hidden="true"><use href=${`${config.icons}#${name}`}></use></svg>`;

/** A key as a hint; screen readers hear it from aria-keyshortcuts. */
export const Kbd = ({ children }) => html`<kbd aria-hidden="true">${children}</kbd>`;

/**
 * A button with its key. After a click the scan field has the focus again; after a key press the
 * button keeps it, so that it can be pressed again.
 */
export function Button({ icon, label, shortcut, kind = "", onClick, hidden, children, ...rest }) {
  const click = (event) => {
    onClick(event);
    if (event.detail > 0) focusScan();
  };
  if (hidden) return null;
  return html`<button type="button" class=${kind} onClick=${click} aria-label=${children ? undefined : label}
    aria-keyshortcuts=${shortcut} title=${children ? undefined : label} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}${children}${shortcut && html`<${Kbd}>${shortcut}</${Kbd}>`}
  </button>`;
}

/** A modal dialog; Escape, the cross and the backdrop close it, and the scan field is next. */
export function Dialog({ title, kind = "", onClose, children }) {
  const ref = useRef(null);
  const close = () => {
    (onClose ?? (() => (state.dialog.value = null)))();
    queueMicrotask(focusScan);
  };
  // The close event comes a moment after Escape; the next key may be quicker.
  const cancel = (event) => {
    event.preventDefault();
    close();
  };
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element.open) element.showModal();
    const first = element.querySelector("[data-first]");
    first?.focus();
    first?.select?.();
    return () => {
      // Unmounted by its own button: the element is gone without a close event.
      queueMicrotask(focusScan);
    };
  }, []);
  return html`<dialog ref=${ref} class=${`till-dialog ${kind}`} aria-labelledby="dialog-title" onClose=${close} onCancel=${cancel}>
    <article>
      <header>
        <h2 id="dialog-title">${title}</h2>
        <button type="button" class="quiet icon-only" data-close aria-label=${t("close")}><${Icon} name="x" /></button>
      </header>
      ${children}
    </article>
  </dialog>`;
}

export const Note = ({ level = "danger", icon = "circle-alert", children }) =>
  html`<p class=${`note ${level}`} role="alert"><${Icon} name=${icon} /><span>${children}</span></p>`;

/** A field with its label; `first` is focused and selected when its dialog opens. */
export function Field({ label, first, hint, error, kind = "", ...rest }) {
  const id = useRef(`f${Math.random().toString(36).slice(2)}`).current;
  const said = error ? `${id}-e` : hint ? `${id}-h` : undefined;
  return html`<div class=${`field ${kind}`}>
    <label for=${id}>${label}</label>
    <input id=${id} autocomplete="off" data-first=${first ? "" : undefined} aria-invalid=${error ? "true" : undefined}
      aria-describedby=${said} ...${rest} />
    ${error ? html`<p class="field-error" id=${said} role="alert">${error}</p>` : hint && html`<p class="hint" id=${said}>${hint}</p>`}
  </div>`;
}

/** A form whose Enter and button do the same, and whose button says that it is at work. */
export function Form({ onSubmit, children, ...rest }) {
  const submit = (event) => {
    event.preventDefault();
    onSubmit();
  };
  return html`<form onSubmit=${submit} novalidate ...${rest}>${children}</form>`;
}

/** Two or three choices beside each other, as radio buttons. */
export function Choices({ label, name, options, value, onChange }) {
  return html`<fieldset class="choice"><legend class="visually-hidden">${label}</legend>
    ${options.map(
      (one) => html`<label class=${value === one.value ? "on" : ""}>
        <input type="radio" name=${name} value=${one.value} checked=${value === one.value} onChange=${() => onChange(one.value)} />
        ${one.icon && html`<${Icon} name=${one.icon} />`}<span>${one.label}</span>${one.key && html`<${Kbd}>${one.key}</${Kbd}>`}
      </label>`,
    )}
  </fieldset>`;
}
