// The desk of refunds: all or none, one more or less, and products that are taken instead. What it
// comes to is asked of the server by the form itself; nothing is computed here.

const desk = document.querySelector("[data-refund-desk]");
const WAIT_MS = 200;

/** Tell the form that something has changed, as if a person had typed it. */
const changed = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));

function set(input, value) {
  input.value = value === 0 ? "" : String(Math.round(value * 10_000) / 10_000);
}

function pick(which) {
  const inputs = [...desk.querySelectorAll(".desk-lines:not(.taken) input[type=number]")];
  for (const input of inputs) set(input, which === "all" ? Number(input.max) : 0);
  if (inputs.length) changed(inputs[0]);
}

function step(button) {
  const input = button.parentElement.querySelector("input[type=number]");
  const most = input.max === "" ? Infinity : Number(input.max);
  set(input, Math.min(most, Math.max(0, Number(input.value) + Number(button.dataset.step))));
  changed(input);
}

function remove(button) {
  button.closest("li").remove();
  changed(desk);
  desk.querySelector("[data-find]").focus();
}

desk?.addEventListener("click", ({ target }) => {
  const picker = target.closest("[data-pick]");
  const stepper = target.closest("[data-step]");
  const remover = target.closest("[data-remove]");
  if (picker) pick(picker.dataset.pick);
  else if (stepper) step(stepper);
  else if (remover) remove(remover);
});

// Enter never records by the way: it leads to the button that says what will happen.
desk?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.closest("button") || event.isComposing) return;
  event.preventDefault();
  if (!event.target.matches("[data-find]")) desk.querySelector("[data-confirm]")?.focus();
});

// -- how the money moves --------------------------------------------------------------------------

const way = desk?.elements.namedItem("way");
const showReference = () => (desk.querySelector("[data-reference]").hidden = way.value !== "card");
way?.addEventListener("change", showReference);
if (way) showReference();

// -- products that are taken instead --------------------------------------------------------------

const find = desk?.querySelector("[data-find]");
const list = desk?.querySelector("#found");
let items = [];
let chosen = 0;
let timer = null;
let asked = 0;

async function ask(address, query) {
  const url = new URL(address, location.href);
  url.searchParams.set("register", desk.elements.namedItem("register").value);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const response = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store" });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

function show(rows, words = "") {
  items = rows;
  chosen = 0;
  list.replaceChildren();
  for (const [index, item] of rows.entries()) {
    const row = document.createElement("li");
    row.setAttribute("role", "option");
    row.id = `found-${index}`;
    const name = document.createElement("bdi");
    name.textContent = item.name;
    const price = document.createElement("b");
    price.textContent = item.price;
    row.append(name, price);
    list.append(row);
  }
  if (!rows.length && words) {
    const nothing = document.createElement("li");
    nothing.textContent = words;
    list.append(nothing);
  }
  list.hidden = !list.children.length;
  find.setAttribute("aria-expanded", String(rows.length > 0));
  select(0);
}

function select(index) {
  if (!items.length) return find.removeAttribute("aria-activedescendant");
  chosen = (index + items.length) % items.length;
  for (const [at, row] of [...list.children].entries()) row.setAttribute("aria-selected", String(at === chosen));
  list.children[chosen].scrollIntoView({ block: "nearest" });
  find.setAttribute("aria-activedescendant", `found-${chosen}`);
}

async function search() {
  const text = find.value.trim();
  const mine = ++asked;
  if (!text) return show([]);
  try {
    const found = await ask(desk.dataset.items, { q: text });
    // Credit is not bought in an exchange.
    if (mine === asked) show(found.results.filter((item) => !item.adds_credit).slice(0, 20), desk.dataset.nothing);
  } catch {
    if (mine === asked) show([], desk.dataset.failed);
  }
}

/** A scanned code is taken at once, whatever the list shows by then. */
async function enter() {
  const code = find.value.trim();
  if (!code) return desk.querySelector("[data-confirm]")?.focus();
  const mine = ++asked;
  clearTimeout(timer);
  try {
    const item = (await ask(desk.dataset.lookup, { code })) ?? items[chosen];
    if (mine !== asked) return;
    if (item && !item.adds_credit) add(item);
    else await search();
  } catch {
    show([], desk.dataset.failed);
  }
}

function add(item) {
  const known = document.getElementById(`count-${item.id}`);
  if (known) set(known, Number(known.value) + 1);
  else {
    const row = desk.querySelector("[data-new-line]").content.cloneNode(true);
    const label = row.querySelector("label");
    label.htmlFor = `count-${item.id}`;
    label.firstElementChild.textContent = item.name;
    row.querySelector("small").textContent = item.price;
    row.querySelector("[name=new]").value = item.id;
    const name = row.querySelector("[data-name]");
    name.name = `name-${item.id}`;
    name.value = item.name;
    const count = row.querySelector("[type=number]");
    count.id = count.name = `count-${item.id}`;
    count.step = item.allow_decimal ? "any" : "1";
    desk.querySelector("[data-taken]").append(row);
  }
  find.value = "";
  show([]);
  changed(desk);
  find.focus();
}

// What changes no sum asks for none: why it comes back, and what is searched for.
for (const element of [find, desk?.elements.namedItem("reason"), desk?.elements.namedItem("reference")]) {
  for (const name of ["input", "change"]) element?.addEventListener(name, (event) => event.stopPropagation());
}

if (find) {
  find.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, WAIT_MS);
  });
  find.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") void enter();
    else if (event.key === "ArrowDown") select(chosen + 1);
    else if (event.key === "ArrowUp") select(chosen - 1);
    else if (event.key === "Escape" && !list.hidden) show([]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => {
    const row = event.target.closest("[role=option]");
    if (!row) return;
    event.preventDefault();
    add(items[[...list.children].indexOf(row)]);
  });
  find.addEventListener("blur", () => show([]));
}
