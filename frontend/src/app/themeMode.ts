/** Where the choice between light, dark and the system's own is remembered. */
export const MODE_KEY = 'millrace-theme';

/** Sets the theme before React draws for the first time, so that no light page flashes up in the dark. */
export function paintFirst(): void {
  const chosen = localStorage.getItem(MODE_KEY);
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const isDark = chosen === 'dark' || (chosen !== 'light' && systemIsDark);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}
