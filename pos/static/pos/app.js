// What every page shares: dialogs, toasts, theme, menus, shortcuts, and manners for htmx.

const root = document.documentElement;
const text = (name) => document.body.dataset[`text${name}`] ?? "";

// -- toasts ---------------------------------------------------------------------------------------

const ICONS = { success: "circle-check", info: "info", warning: "circle-alert", error: "circle-alert" };
const LINGER_MS = 6000;

function svgIcon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** Show a message; errors and warnings stay until they are closed. Level: success, info, warning, error. */
export function toast(message, level = "info") {
  const box = document.createElement("div");
  box.className = `toast ${level}`;
  const words = document.createElement("span");
  words.textContent = message;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet icon-only small";
  close.dataset.close = "";
  close.setAttribute("aria-label", text("Close"));
  close.append(svgIcon("x"));
  box.append(svgIcon(ICONS[level] ?? "info"), words, close);
  document.getElementById("toasts").append(box);
  linger(box);
}

function linger(box) {
  if (box.matches(".error, .warning")) return;
  const wait = () => setTimeout(() => (box.matches(":hover, :focus-within") ? wait() : box.remove()), LINGER_MS);
  wait();
}

// -- dialogs, menus, printing ---------------------------------------------------------------------

function onClick(event) {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
    return;
  }
  const closer = event.target.closest("[data-close]");
  if (closer) {
    const open = closer.closest("dialog");
    if (open?.open) event.preventDefault();
    open ? open.close() : closer.closest(".toast")?.remove();
    return;
  }
  // The backdrop belongs to the dialog itself; what it holds lies in the article.
  if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close();
  if (event.target.closest("[data-print]")) window.print();
  const copier = event.target.closest("[data-copy]");
  if (copier) copyFrom(document.getElementById(copier.dataset.copy));
  const filters = event.target.closest("[data-filters]");
  if (filters) openFilters(filters, filters.getAttribute("aria-expanded") === "false");
  closeMenus(event.target.closest("details.menu"));
}

/** Select what the field holds, and copy it where the browser lets a page do so. */
async function copyFrom(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    toast(text("Copied"), "success");
  } catch {
    toast(text("Selected"), "info");
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

/** On a phone, the filters of a list wait behind this button. */
function openFilters(button, open) {
  button.setAttribute("aria-expanded", String(open));
}

// What narrows a list from the start must be seen.
function showFiltersInUse() {
  const asked = new URLSearchParams(location.search);
  const button = document.querySelector("[data-filters]");
  const fields = document.querySelectorAll("#list-filters [name]");
  if ([...fields].some(({ name }) => asked.get(name))) openFilters(button, true);
}

// -- theme ----------------------------------------------------------------------------------------

function store(key, value) {
  try {
    value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value);
  } catch {
    // Refused in some private windows: the choice then holds for this page only.
  }
}

function chooseTheme(choice) {
  if (choice === "auto") delete root.dataset.theme;
  else root.dataset.theme = choice;
  store("theme", choice === "auto" ? null : choice);
  showTheme();
}

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    const pressed = button.dataset.themeChoice === (root.dataset.theme ?? "auto");
    button.setAttribute("aria-pressed", String(pressed));
  }
}

// -- keyboard -------------------------------------------------------------------------------------

const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

function onKey(event) {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    closeMenus(null);
    menu?.querySelector("summary").focus();
    return;
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
  if (!plain || event.defaultPrevented || typing(event.target) || document.querySelector("dialog[open]")) return;
  const target =
    event.key === "/"
      ? document.querySelector("[data-search]")
      : event.key === "?"
        ? document.querySelector('[data-dialog="shortcuts"]')
        : [...document.querySelectorAll("[data-shortcut]")].find((e) => e.dataset.shortcut === event.key);
  if (!target) return;
  event.preventDefault();
  if (event.key === "/") {
    target.focus();
    target.select();
  } else target.click();
}

function listShortcuts() {
  const list = document.querySelector("[data-shortcuts]");
  for (const element of list ? document.querySelectorAll("[data-shortcut]") : []) {
    const row = document.createElement("div");
    const [term, fact, key] = ["dt", "dd", "kbd"].map((name) => document.createElement(name));
    term.textContent = element.getAttribute("aria-label") ?? element.textContent.trim();
    key.textContent = element.dataset.shortcut.toUpperCase();
    fact.append(key);
    row.append(term, fact);
    list.append(row);
  }
}

// -- forms ----------------------------------------------------------------------------------------

function onSubmit(event) {
  const form = event.target;
  if (!form.matches("[data-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
}

// A page that comes back from the browser's memory may be sent again.
function onPageShow() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  }
}

// -- htmx -----------------------------------------------------------------------------------------

function htmxManners(body) {
  let running = 0;
  const busy = (change) => {
    running = Math.max(0, running + change);
    root.toggleAttribute("data-busy", running > 0);
  };
  body.addEventListener("htmx:configRequest", ({ detail }) => {
    const token = document.querySelector('meta[name="csrf-token"]')?.content;
    if (detail.verb === "get") {
      // Addresses stay readable: a filter that is not set does not stand in them.
      for (const [name, value] of [...detail.formData.entries()]) {
        if (value === "") detail.formData.delete(name);
      }
    } else if (token) detail.headers["X-CSRFToken"] = token;
  });
  body.addEventListener("htmx:beforeRequest", () => busy(1));
  body.addEventListener("htmx:afterRequest", () => busy(-1));
  body.addEventListener("htmx:beforeSwap", (event) => {
    // A redirect means that the session ended or the page moved: follow it as a whole page.
    const { xhr, pathInfo } = event.detail;
    const asked = new URL(pathInfo.requestPath, location.href).pathname;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
      event.detail.shouldSwap = false;
      location.assign(xhr.responseURL);
    }
  });
  body.addEventListener("htmx:responseError", () => toast(text("Failed"), "error"));
  body.addEventListener("htmx:sendError", () => toast(text("Offline"), "error"));
  body.addEventListener("toast", ({ detail }) => toast(detail.text, detail.level));
}

document.addEventListener("click", onClick);
document.addEventListener("click", ({ target }) => {
  const choice = target.closest("[data-theme-choice]");
  if (choice) chooseTheme(choice.dataset.themeChoice);
});
document.addEventListener("keydown", onKey);
document.addEventListener("submit", onSubmit);
window.addEventListener("pageshow", onPageShow);
htmxManners(document.body);
showTheme();
showFiltersInUse();
// What has to be mended may stand far below the top of a long form.
document.querySelector("form[method=post] [aria-invalid=true]")?.focus();
listShortcuts();
document.querySelectorAll(".toast").forEach(linger);
