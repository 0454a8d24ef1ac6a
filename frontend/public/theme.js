// Runs before the first paint, so that a chosen theme does not flash up as the other one. A file of its own, because the
// Content-Security-Policy allows no inline script.
try {
  const theme = localStorage.getItem('hubbub.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the system's theme it is.
}
