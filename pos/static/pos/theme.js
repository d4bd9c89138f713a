// Loaded before the first paint, so that a stored theme does not flash. The choice is made in app.js.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused in some private windows; the system's theme then holds.
}
