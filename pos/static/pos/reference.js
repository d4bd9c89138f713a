// The page reads without this; with it one searches, and prints what is folded.
const search = document.querySelector("#search");
const none = document.querySelector(".ref-none");
const index = document.querySelector(".ref-nav details");

if (matchMedia("(width < 56rem)").matches) index.open = false;
search.hidden = false;

function find() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const one of document.querySelectorAll("[data-search]")) {
    one.hidden = !words.every((word) => one.dataset.search.includes(word));
    if (!one.hidden) found += 1;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-search]:not([hidden])");
  }
  none.hidden = found > 0;
}

search.addEventListener("input", find);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});

// On a phone the index goes away once something of it was chosen.
index.addEventListener("click", (event) => {
  if (event.target.closest("a") && matchMedia("(width < 56rem)").matches) index.open = false;
});

let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const one of folded) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of folded) one.open = false;
});
