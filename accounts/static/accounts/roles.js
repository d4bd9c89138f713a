// One checkbox per group that sets all of the group's rights; without this script they are set one by one.

for (const group of document.querySelectorAll("[data-check-group]")) {
  const all = group.querySelector("[data-check-all]");
  if (!all) continue;
  const rights = [...group.querySelectorAll("input[name=permissions]:not(:disabled)")];

  const show = () => {
    const checked = rights.filter((right) => right.checked).length;
    all.checked = checked === rights.length;
    all.indeterminate = checked > 0 && checked < rights.length;
  };

  all.addEventListener("change", () => {
    for (const right of rights) right.checked = all.checked;
    show();
  });
  group.addEventListener("change", (event) => {
    if (event.target !== all) show();
  });
  group.querySelector("[data-check-all-label]").hidden = false;
  show();
}
