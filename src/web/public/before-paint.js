// Runs before anything is shown, so that a chosen theme doesn't flash in after the other one.
try {
  const theme = localStorage.getItem('papo.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  const language = localStorage.getItem('papo.language');
  if (language) document.documentElement.lang = language;
} catch {
  // Storage is forbidden here: the system's theme it is.
}
