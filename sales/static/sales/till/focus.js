/** The scan field has the focus whenever nothing else needs it. */

let field = null;
const coarse = globalThis.matchMedia?.("(pointer: coarse)");

export const scanField = (element) => (field = element);

/**
 * Put the cursor into the scan field. On a touch screen the keyboard stays down until the field
 * itself is tapped: a scanner needs none, and it would cover half of the ticket.
 */
export function focusScan() {
  if (!field || document.querySelector("dialog[open]")) return;
  if (coarse?.matches && document.activeElement !== field) field.inputMode = "none";
  field.focus({ preventScroll: true });
  // A field that gets the focus back from a closing dialog may be left without a caret, and then
  // takes no keys.
  field.setSelectionRange(field.value.length, field.value.length);
}

/** The field was tapped: now the keyboard is wanted. */
export const wantKeyboard = () => (field.inputMode = "search");
